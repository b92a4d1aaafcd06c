#include "sim/addon_token.h"

#include <algorithm>
#include <memory>
#include <openssl/evp.h>
#include <random>

#include <nlohmann/json.hpp>

#include "sim/gateway/authenticate.h"
#include "sim/gateway/signature.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kBlock = 16;  // bytes, of AES

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

const EVP_CIPHER* cipher_for(std::size_t key_size) {
  switch (key_size) {
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

// IV, then the ciphertext with PKCS#7 padding.
Result<std::string> encrypted(const std::string& plain, const std::string& key,
                              std::mt19937_64& random) {
  std::string iv(kBlock, '\0');
  std::ranges::generate(iv, [&] { return static_cast<char>(random() & 0xFFU); });
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(plain.size() + kBlock, '\0');
  int size = 0;
  int rest = 0;
  if (context == nullptr ||
      EVP_EncryptInit_ex(context.get(), cipher_for(key.size()), nullptr, bytes(key), bytes(iv)) !=
          1 ||
      EVP_EncryptUpdate(context.get(), bytes(out), &size, bytes(plain),
                        static_cast<int>(plain.size())) != 1 ||
      EVP_EncryptFinal_ex(context.get(), bytes(out) + size, &rest) != 1) {
    return Error(ErrorKind::kInternal, "AES-CBC failed");
  }
  out.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  return base64(iv + out);
}

}  // namespace

Result<std::string> addon_token_file(const cloud::Credentials& credentials,
                                     const std::string& keyring, std::uint64_t seed) {
  if (cipher_for(keyring.size()) == nullptr) {
    return Error(ErrorKind::kBadConfig, "keyring: expected 16, 24 or 32 characters");
  }
  if (!credentials.expiration.has_value()) {
    return Error(ErrorKind::kBadConfig, "an addon token file needs an expiration");
  }
  std::mt19937_64 random(seed);
  nlohmann::ordered_json file;
  file["access.key.id"] = TRY(encrypted(credentials.key_id, keyring, random));
  file["access.key.secret"] = TRY(encrypted(credentials.secret, keyring, random));
  file["security.token"] = TRY(encrypted(credentials.token, keyring, random));
  file["expiration"] =
      print_timestamp(std::chrono::time_point_cast<Millis>(*credentials.expiration));
  file["keyring"] = keyring;
  return file.dump();
}

std::string addon_token_error(const std::string& role, const std::string& code,
                              const std::string& message) {
  return nlohmann::ordered_json{
      {"error", {{"roleName", role}, {"code", code}, {"message", message}}}}
      .dump();
}

std::string torn_write(const std::string& now_there, const std::string& becoming,
                       std::size_t written) {
  written = std::min(written, becoming.size());
  return becoming.substr(0, written) +
         (written < now_there.size() ? now_there.substr(written) : std::string());
}

}  // namespace catena::sim
