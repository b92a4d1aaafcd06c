#include "common/cloud/encode.h"

#include <algorithm>
#include <cassert>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace catena::cloud {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kLowerHex = "0123456789abcdef";

bool is_unreserved(char character) {
  return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '_' ||
         character == '.' || character == '~';
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view data) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  [[maybe_unused]] const unsigned char* done = ::HMAC(
      digest, key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(), bytes, &size);
  assert(done != nullptr);  // fails for want of memory alone
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size() + text.size() / 4);
  for (const char character : text) {
    if (is_unreserved(character)) {
      encoded += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded += '%';
    encoded += kUpperHex[byte >> 4U];
    encoded += kUpperHex[byte & 15U];
  }
  return encoded;
}

std::string canonical_query(Params params) {
  std::ranges::stable_sort(params, {},
                           [](const auto& param) { return std::string_view(param.first); });
  std::string query;
  for (const auto& [name, value] : params) {
    query += query.empty() ? "" : "&";
    query += percent_encode(name) + "=" + percent_encode(value);
  }
  return query;
}

std::string hex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char character : bytes) {
    const auto byte = static_cast<unsigned char>(character);
    text += kLowerHex[byte >> 4U];
    text += kLowerHex[byte & 15U];
  }
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // the last byte: EVP_EncodeBlock's NUL
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string sha256(std::string_view data) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  [[maybe_unused]] const int done =
      ::EVP_Digest(data.data(), data.size(), bytes, &size, ::EVP_sha256(), nullptr);
  assert(done == 1);
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
  return hmac(::EVP_sha1(), key, data);
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
  return hmac(::EVP_sha256(), key, data);
}

}  // namespace catena::cloud
