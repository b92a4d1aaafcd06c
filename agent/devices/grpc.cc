#include "agent/devices/grpc.h"

#include <charconv>
#include <cstdint>

namespace catena::devices {
namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kPrefix = 5;  // a flag, and the length in four bytes

bool is_plain(char c) { return c >= 0x20 && c <= 0x7e && c != '%'; }

}  // namespace

std::string frame(std::string_view message) {
  std::string framed(kPrefix, '\0');
  const auto size = static_cast<std::uint32_t>(message.size());
  for (std::size_t i = 1; i < kPrefix; ++i) {
    framed[i] = static_cast<char>((size >> (8U * (kPrefix - 1 - i))) & 0xffU);
  }
  framed += message;
  return framed;
}

base::Result<std::string_view> unframe(std::string_view framed) {
  if (framed.size() < kPrefix) {
    return Error(ErrorKind::kUndecodable, "no message");
  }
  if (framed[0] != '\0') {
    return Error(ErrorKind::kUnsupported, "the message is compressed");
  }
  std::uint32_t size = 0;
  for (const char byte : framed.substr(1, kPrefix - 1)) {
    size = (size << 8U) | static_cast<unsigned char>(byte);
  }
  framed.remove_prefix(kPrefix);
  if (framed.size() != size) {
    return Error(ErrorKind::kUndecodable, "a message of " + std::to_string(size) + " bytes in " +
                                              std::to_string(framed.size()));
  }
  return framed;
}

std::string to_header(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string value;
  for (const char c : text) {
    if (is_plain(c)) {
      value += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    value += '%';
    value += kDigits[byte >> 4U];
    value += kDigits[byte & 0xfU];
  }
  return value;
}

std::string from_header(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    unsigned byte = 0;
    const bool coded =
        value.size() >= 3 && value[0] == '%' &&
        std::from_chars(value.data() + 1, value.data() + 3, byte, 16).ptr == value.data() + 3;
    text += coded ? static_cast<char>(byte) : value[0];
    value.remove_prefix(coded ? 3 : 1);
  }
  return text;
}

}  // namespace catena::devices
