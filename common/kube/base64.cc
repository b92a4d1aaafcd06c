#include "common/kube/base64.h"

#include <cstdint>

namespace catena::kube {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

base::Error not_base64() { return base::Error(base::ErrorKind::kUndecodable, "not base64"); }

}  // namespace

base::Result<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char character : text) {
    if (character == ' ' || character == '\n' || character == '\r' || character == '\t') {
      continue;
    }
    if (character == '=') {
      ++padding;
      continue;
    }
    const std::size_t value = kAlphabet.find(character);
    if (value == std::string_view::npos || padding > 0) {
      return not_base64();
    }
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    ++digits;
    if (digits % 4 != 1) {
      const std::size_t left = (digits % 4 == 0) ? 0 : 8 - (digits % 4) * 2;
      bytes += static_cast<char>((bits >> left) & 0xffU);
    }
  }
  if (digits % 4 == 1 || padding > 2 || (padding > 0 && (digits + padding) % 4 != 0)) {
    return not_base64();
  }
  return bytes;
}

}  // namespace catena::kube
