#include "common/base/mac.h"

#include <charconv>
#include <cstdio>

namespace catena::base {

Result<Mac> Mac::parse(std::string_view text) {
  const Error malformed(ErrorKind::kUndecodable,
                        "'" + std::string(text) + "' is not a MAC address");
  if (text.size() != 17) {
    return malformed;
  }
  Mac mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* first = text.data() + i * 3;
    const auto [end, error] = std::from_chars(first, first + 2, mac.bytes.at(i), 16);
    if (error != std::errc{} || end != first + 2 || (i < 5 && *end != ':')) {
      return malformed;
    }
  }
  return mac;
}

Mac Mac::local_from(std::uint64_t seed) {
  Mac mac;
  for (auto& byte : mac.bytes) {
    byte = static_cast<std::uint8_t>(seed);
    seed >>= 8U;
  }
  mac.bytes[0] = static_cast<std::uint8_t>((mac.bytes[0] & 0xfcU) | 0x02U);
  return mac;
}

std::string Mac::to_string() const {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2],
                bytes[3], bytes[4], bytes[5]);
  return text;
}

}  // namespace catena::base
