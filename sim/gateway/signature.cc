#include "sim/gateway/signature.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cctype>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "common/base/text.h"

namespace catena::sim {
namespace {

constexpr std::string_view kScheme = "ACS3-HMAC-SHA256";

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hmac(const EVP_MD* digest, std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  const unsigned char* done = HMAC(digest, key.data(), static_cast<int>(key.size()), bytes(data),
                                   data.size(), out.data(), &size);
  assert(done != nullptr);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
  });
  return result;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string canonical_header(const Request& request, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : request.headers) {
    if (base::equal_ignoring_case(key, name)) {
      values.emplace_back(trimmed(value));
    }
  }
  if (values.empty() && name == "host") {
    values.push_back(request.host);
  }
  std::ranges::sort(values);
  return std::string(name) + ":" + base::join(values, ",") + "\n";
}

}  // namespace

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool kept = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_' || byte == '.' ||
                      byte == '~';
    if (kept) {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

std::string hex(std::string_view data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    result += kDigits[byte >> 4U];
    result += kDigits[byte & 15U];
  }
  return result;
}

std::string base64(std::string_view data) {
  std::string result(4 * ((data.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()), bytes(data),
                                   static_cast<int>(data.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> out{};
  SHA256(bytes(data), data.size(), out.data());
  return hex({reinterpret_cast<const char*>(out.data()), out.size()});
}

std::string hmac_sha1(std::string_view key, std::string_view data) {
  return hmac(EVP_sha1(), key, data);
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
  return hmac(EVP_sha256(), key, data);
}

std::string canonical_query(const Pairs& parameters) {
  Pairs sorted = parameters;
  std::ranges::stable_sort(sorted);
  std::string result;
  for (const auto& [name, value] : sorted) {
    result += (result.empty() ? "" : "&") + escaped(name) + "=" + escaped(value);
  }
  return result;
}

std::string rpc_string_to_sign(std::string_view method, const Pairs& parameters) {
  Pairs without_signature = parameters;
  std::erase_if(without_signature, [](const auto& pair) { return pair.first == "Signature"; });
  return std::string(method) + "&%2F&" + escaped(canonical_query(without_signature));
}

std::string rpc_signature(std::string_view secret, std::string_view string_to_sign) {
  return base64(hmac_sha1(std::string(secret) + "&", string_to_sign));
}

std::string acs3_canonical_request(const Request& request, std::vector<std::string> signed_headers,
                                   std::string_view payload_hash) {
  std::ranges::sort(signed_headers);
  signed_headers.erase(std::unique(signed_headers.begin(), signed_headers.end()),
                       signed_headers.end());
  std::string headers;
  for (const std::string& name : signed_headers) {
    headers += canonical_header(request, name);
  }
  return request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n" +
         headers + "\n" + base::join(signed_headers, ";") + "\n" + std::string(payload_hash);
}

std::string acs3_string_to_sign(std::string_view canonical_request) {
  return std::string(kScheme) + "\n" + sha256_hex(canonical_request);
}

std::string acs3_signature(std::string_view secret, std::string_view string_to_sign) {
  return hex(hmac_sha256(secret, string_to_sign));
}

base::Result<Acs3Authorization> parse_acs3_authorization(std::string_view header) {
  const auto malformed = [] {
    return base::Error(base::ErrorKind::kUndecodable, "a malformed Authorization header");
  };
  if (!header.starts_with(kScheme) || header.size() <= kScheme.size() ||
      header[kScheme.size()] != ' ') {
    return malformed();
  }
  Acs3Authorization found;
  for (std::string_view part : base::split(header.substr(kScheme.size() + 1), ',')) {
    part = trimmed(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return malformed();
    }
    const std::string_view name = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (name == "Credential") {
      found.key_id = std::string(value);
    } else if (name == "Signature") {
      found.signature = std::string(value);
    } else if (name == "SignedHeaders") {
      for (const std::string_view signed_header : base::split(value, ';')) {
        found.signed_headers.push_back(lower(signed_header));
      }
    }
  }
  if (found.key_id.empty() || found.signature.empty() || found.signed_headers.empty()) {
    return malformed();
  }
  return found;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace catena::sim
