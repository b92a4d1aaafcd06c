#include "common/cloud/addon_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/utc.h"
#include "common/cloud/credential_answer.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// Made by `openssl enc -aes-256-cbc -K <hex of the keyring> -iv 00112233445566778899aabbccddeeff`.
json by_openssl_command() {
  return {{"access.key.id", "ABEiM0RVZneImaq7zN3u/zYELQ6c5vROFJkBL067I2k="},
          {"access.key.secret", "ABEiM0RVZneImaq7zN3u/wuM5LZdS3CIjkN3qSj3A3v3J6ksjK7GCXVT8STnSFv5"},
          {"security.token", "ABEiM0RVZneImaq7zN3u//O2Ria8DJsExU7z/lNimadFiorAbjA9LiJFbpSWTfPI"},
          {"expiration", "2026-01-02T04:04:05Z"},
          {"keyring", "0123456789abcdef0123456789ABCDEF"}};
}

std::string said_of(const json& file) {
  const auto credentials = decrypt_addon_token(file.dump());
  return credentials.ok() ? "ok" : credentials.error().text();
}

TEST(AddonToken, OpensWhatTheOpensslCommandSealed) {
  const Credentials credentials = decrypt_addon_token(by_openssl_command().dump()).value();
  EXPECT_EQ(credentials.key_id, "STS.NTexampleid");
  EXPECT_EQ(credentials.secret, "Examplesecret0123456789");
  EXPECT_EQ(credentials.token, "CAISexampletoken+/=");
  EXPECT_EQ(credentials.expiration, parse_utc("2026-01-02T04:04:05Z").value());
}

TEST(AddonToken, AKeyringOf16BytesIsAes128) {
  const json file{
      {"access.key.id", "ABEiM0RVZneImaq7zN3u/2cqnOZ1LLN1X7gLV1BbNh4="},
      {"access.key.secret", "ABEiM0RVZneImaq7zN3u/4AHH2y8FIxcN7XsmI9hsfqRpwhCZHMyqz5AWzi4w8ce"},
      {"security.token", "ABEiM0RVZneImaq7zN3u/xR6AdJfAmihafTOUm0vSMAHtVES7ts4bdfnAhSRHIF7"},
      {"expiration", "2026-01-02T04:04:05Z"},
      {"keyring", "0123456789abcdef"}};
  EXPECT_EQ(decrypt_addon_token(file.dump())->secret, "Examplesecret0123456789");
}

TEST(AddonToken, EveryLengthOfKeyAndText) {
  const std::string keyring(test::kKeyring);
  const auto expiration = parse_utc("2026-01-02T04:04:05Z").value();
  for (const std::size_t key_bytes : {16U, 24U, 32U}) {
    for (std::size_t length = 1; length < 40; ++length) {
      const Credentials made{"STS.1", std::string(length, 's'), std::string(length * 20, 't'),
                             expiration};
      const auto opened =
          decrypt_addon_token(test::addon_token(made, keyring.substr(0, key_bytes)));
      ASSERT_TRUE(opened.ok()) << opened.error().message();
      EXPECT_EQ(*opened, made);
    }
  }
}

TEST(AddonToken, TheIssuersFailureIsTold) {
  json file = by_openssl_command();
  file["error"] = {{"roleName", "AliyunCSManagedNetworkRole"},
                   {"code", "EntityNotExist.Role"},
                   {"message", "The role does not exist."}};
  const auto failed = decrypt_addon_token(file.dump());
  EXPECT_EQ(failed.error().code(), "EntityNotExist.Role");
  EXPECT_THAT(failed.error().message(),
              HasSubstr("role AliyunCSManagedNetworkRole: EntityNotExist.Role: The role does not"));
  file["error"] = nullptr;
  EXPECT_EQ(said_of(file), "ok");
}

TEST(AddonToken, WhatIsBrokenIsNamedWithoutItsValue) {
  const auto changed = [](const char* key, const json& value) {
    json file = by_openssl_command();
    file[key] = value;
    return said_of(file);
  };
  EXPECT_EQ(changed("keyring", "short"), "keyring: expected 16, 24 or 32 bytes, got 5");
  EXPECT_EQ(changed("keyring", nullptr), "keyring: expected 16, 24 or 32 bytes, got 0");
  EXPECT_EQ(changed("keyring", "another keyring of 32 bytes!!!!!"),
            "access.key.id: the keyring does not open it");
  EXPECT_EQ(changed("access.key.secret", "no base64!"), "access.key.secret: not base64");
  EXPECT_EQ(changed("access.key.secret", "AAAA"),
            "access.key.secret: not an IV and whole blocks of AES");
  EXPECT_EQ(changed("security.token", ""), "security.token: missing or empty");
  EXPECT_EQ(changed("security.token", 5), "security.token: expected a string");
  EXPECT_EQ(changed("expiration", "tomorrow"),
            "expiration: expected a time like \"2026-01-02T03:04:05Z\"");
  EXPECT_EQ(changed("access.key.id", test::sealed("with space")),
            "access.key.id: the keyring does not open it");
}

TEST(AddonToken, CutOffAnywhereItIsAnErrorWithoutSecrets) {
  const std::string whole = by_openssl_command().dump();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto credentials = decrypt_addon_token(whole.substr(0, length));
    ASSERT_FALSE(credentials.ok()) << length;
    EXPECT_THAT(credentials.error().message(), testing::StartsWith("not JSON"));
    EXPECT_THAT(credentials.error().message(), Not(HasSubstr("AB")));
    EXPECT_THAT(credentials.error().message(), Not(HasSubstr("0123")));
  }
}

TEST(Expiration, IsATimeInUtcToTheSecond) {
  EXPECT_EQ(base::utc_text(parse_utc("2026-01-02T03:04:05Z").value()), "2026-01-02T03:04:05Z");
  for (const char* bad : {"", "2026-01-02T03:04:05", "2026-02-30T03:04:05Z", "2026-13-02T03:04:05Z",
                          "2026-01-02T24:04:05Z", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05ZZ",
                          "2026-1-2T3:4:5Z", "2026-01-02T03:04Z", "2026-01-02T03:04:05.678Z"}) {
    EXPECT_FALSE(parse_utc(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace catena::cloud
