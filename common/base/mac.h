// An Ethernet address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::base {

struct Mac {
  std::array<std::uint8_t, 6> bytes{};

  // "00:16:3e:02:38:05", either case; kUndecodable otherwise.
  static Result<Mac> parse(std::string_view text);
  // A locally administered unicast address (IEEE 802, the two low bits of the first byte) made from
  // the low 46 bits of `seed`: the same seed gives the same address.
  static Mac local_from(std::uint64_t seed);

  bool is_multicast() const { return (bytes[0] & 1U) != 0; }
  bool is_zero() const { return *this == Mac{}; }
  // Lower case.
  std::string to_string() const;
  auto operator<=>(const Mac&) const = default;
};

}  // namespace catena::base
