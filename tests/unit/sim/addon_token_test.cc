#include "sim/addon_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/gateway/signature.h"
#include "sim/world.h"
#include "tests/support/process.h"

namespace catena::sim {
namespace {

using nlohmann::json;

cloud::Credentials credentials() {
  return {"STS.key", "secret+/", std::string(100, 't') + "==", Time(Millis(1'767'323'045'000))};
}

// By other means than ours.
std::string decrypted(const std::string& value, const std::string& keyring) {
  constexpr const char* kScript =
      "raw() { printf %s \"$1\" | openssl base64 -d -A; }\n"
      "iv=$(raw \"$1\" | head -c 16 | od -An -v -tx1 | tr -d ' \\n')\n"
      "raw \"$1\" | tail -c +17 | openssl enc -d \"-aes-$2-cbc\" -K \"$3\" -iv \"$iv\"\n";
  const test::Outcome outcome = test::run_process(
      {"/bin/sh", "-c", kScript, "sh", value, std::to_string(keyring.size() * 8), hex(keyring)});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  return outcome.out;
}

TEST(AddonTokenFile, IsReadByAnyoneWhoHasItsKeyring) {
  for (const std::size_t size : {16U, 24U, 32U}) {
    const std::string keyring = std::string("0123456789abcdefghijklmnopqrstuv").substr(0, size);
    const auto text = addon_token_file(credentials(), keyring, 1);
    ASSERT_TRUE(text.ok()) << text.error().text();
    const json file = json::parse(*text);
    EXPECT_EQ(file["keyring"], keyring);
    EXPECT_EQ(file["expiration"], "2026-01-02T03:04:05Z");
    EXPECT_EQ(decrypted(file["access.key.id"], keyring), credentials().key_id);
    EXPECT_EQ(decrypted(file["access.key.secret"], keyring), credentials().secret);
    EXPECT_EQ(decrypted(file["security.token"], keyring), credentials().token);
  }
}

TEST(AddonTokenFile, NeedsAKeyOfAnAesLengthAndAnExpiration) {
  EXPECT_FALSE(addon_token_file(credentials(), "short", 1).ok());
  cloud::Credentials endless = credentials();
  endless.expiration.reset();
  EXPECT_FALSE(addon_token_file(endless, std::string(32, 'k'), 1).ok());
}

TEST(AddonTokenFile, AnIssuersErrorIsInIt) {
  const json file = json::parse(addon_token_error("role", "NoPermission", "not allowed"));
  EXPECT_EQ(file["error"]["roleName"], "role");
  EXPECT_EQ(file["error"]["code"], "NoPermission");
  EXPECT_EQ(file["error"]["message"], "not allowed");
}

TEST(TornWrite, ShowsTheNewBeginningAndTheOldEnd) {
  EXPECT_EQ(torn_write("abcdef", "ABCDEF", 0), "abcdef");
  EXPECT_EQ(torn_write("abcdef", "ABCDEF", 2), "ABcdef");
  EXPECT_EQ(torn_write("abcdef", "ABCDEF", 6), "ABCDEF");
  EXPECT_EQ(torn_write("abc", "ABCDEF", 5), "ABCDE");
  EXPECT_EQ(torn_write("abcdefgh", "ABC", 9), "ABCdefgh");
  EXPECT_EQ(torn_write("", "ABC", 1), "A");
}

}  // namespace
}  // namespace catena::sim
