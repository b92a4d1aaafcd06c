#include "common/cloud/addon_token.h"

#include <algorithm>
#include <memory>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/cloud/credential_answer.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kBlock = 16;  // of AES, and so of the IV

Error broken(std::string_view key, std::string_view why) {
  return Error(ErrorKind::kUndecodable, std::string(key) + ": " + std::string(why));
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_CIPHER* cipher_for(std::size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return EVP_aes_128_cbc();
    case 24:
      return EVP_aes_192_cbc();
    case 32:
      return EVP_aes_256_cbc();
    default:
      return nullptr;
  }
}

// Nothing for what is no base64.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) {
    return std::nullopt;
  }
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text),
                      static_cast<int>(text.size())) < 0) {
    ERR_clear_error();
    return std::nullopt;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

// Nothing where key, IV and padding do not belong together.
std::optional<std::string> decrypt(std::string_view key, std::string_view iv,
                                   std::string_view sealed) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string plain(sealed.size() + kBlock, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  int first = 0;
  int last = 0;
  const bool done = context != nullptr &&
                    EVP_DecryptInit_ex(context.get(), cipher_for(key.size()), nullptr,
                                       bytes_of(key), bytes_of(iv)) == 1 &&
                    EVP_DecryptUpdate(context.get(), out, &first, bytes_of(sealed),
                                      static_cast<int>(sealed.size())) == 1 &&
                    EVP_DecryptFinal_ex(context.get(), out + first, &last) == 1;
  if (!done) {
    ERR_clear_error();
    return std::nullopt;
  }
  plain.resize(static_cast<std::size_t>(first) + static_cast<std::size_t>(last));
  return plain;
}

Result<std::string> opened(const nlohmann::json& object, std::string_view key,
                           std::string_view keyring) {
  const std::string text = TRY(secret_text(object, key));
  if (text.empty()) {
    return broken(key, "missing or empty");
  }
  const std::optional<std::string> sealed = from_base64(text);
  if (!sealed) {
    return broken(key, "not base64");
  }
  if (sealed->size() < 2 * kBlock || sealed->size() % kBlock != 0) {
    return broken(key, "not an IV and whole blocks of AES");
  }
  const std::string_view all(*sealed);
  std::optional<std::string> plain = decrypt(keyring, all.substr(0, kBlock), all.substr(kBlock));
  const auto printable = [](char c) { return c > ' ' && c < 0x7f; };
  if (!plain || plain->empty() || !std::ranges::all_of(*plain, printable)) {
    return broken(key, "the keyring does not open it");
  }
  return std::move(*plain);
}

// "error": {"roleName", "code", "message"}.
base::Status check_issuer(const nlohmann::json& object) {
  const auto error = object.find("error");
  if (error == object.end() || error->is_null() || error->empty()) {
    return {};
  }
  if (!error->is_object()) {
    return Error(ErrorKind::kIo, "the issuer of the token failed");
  }
  const std::string role = TRY(secret_text(*error, "roleName"));
  const std::string code = TRY(secret_text(*error, "code"));
  const std::string message = TRY(secret_text(*error, "message"));
  return Error(ErrorKind::kIo,
               "the issuer of the token failed for role " + role + ": " + code + ": " + message)
      .code(code)
      .advice("authorise the role in the RAM console of the cluster's account");
}

}  // namespace

Result<Credentials> decrypt_addon_token(std::string_view text) {
  const nlohmann::json object = TRY(parse_secret_json(text));
  TRY(check_issuer(object));
  const std::string keyring = TRY(secret_text(object, "keyring"));
  if (cipher_for(keyring.size()) == nullptr) {
    return broken("keyring", "expected 16, 24 or 32 bytes, got " + std::to_string(keyring.size()));
  }
  Credentials credentials;
  credentials.key_id = TRY(opened(object, "access.key.id", keyring));
  credentials.secret = TRY(opened(object, "access.key.secret", keyring));
  credentials.token = TRY(opened(object, "security.token", keyring));
  const std::string expiration = TRY(secret_text(object, "expiration"));
  credentials.expiration = TRY(parse_utc(expiration).context("expiration"));
  return checked(std::move(credentials));
}

}  // namespace catena::cloud
