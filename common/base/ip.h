// IPv4 and IPv6 addresses and prefixes: small values, parsed strictly.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::base {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

class IpAddress {
 public:
  // 0.0.0.0
  IpAddress() = default;

  // Dotted quad without leading zeros, or IPv6 without zone; an IPv4-mapped IPv6 address is
  // refused. kUndecodable otherwise.
  static Result<IpAddress> parse(std::string_view text);
  // `bytes` in network order: 4 for IPv4, 16 for IPv6.
  static IpAddress from_bytes(Family family, const void* bytes);
  // 0.0.0.0 or ::
  static IpAddress unspecified(Family family);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kIpv4; }
  // Network order; 4 or 16 bytes count.
  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return is_v4() ? 4 : 16; }
  int bits() const { return is_v4() ? 32 : 128; }
  // RFC 5952 form.
  std::string to_string() const;

  // The address `step` after this one; wraps round at the end of the family.
  IpAddress plus(std::uint64_t step) const;
  IpAddress minus_one() const;
  bool is_unspecified() const;
  bool is_multicast() const;
  bool is_loopback() const;
  // 169.254.0.0/16 or fe80::/10.
  bool is_link_local() const;

  // IPv4 sorts before IPv6.
  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

// How many addresses lie in [first, last], both counted; UINT64_MAX where it is more.
std::uint64_t count_between(const IpAddress& first, const IpAddress& last);

class Prefix {
 public:
  // 0.0.0.0/0
  Prefix() = default;
  // Keeps the host bits of `address`. `length` must not exceed address.bits().
  Prefix(const IpAddress& address, int length);

  // "10.1.0.5/16"; host bits are kept. kUndecodable otherwise.
  static Result<Prefix> parse(std::string_view text);
  // As parse, but a bare address is taken as /32 or /128.
  static Result<Prefix> parse_or_host(std::string_view text);
  static Prefix host(const IpAddress& address) { return {address, address.bits()}; }
  // 0.0.0.0/0 or ::/0
  static Prefix everywhere(Family family) { return {IpAddress::unspecified(family), 0}; }

  const IpAddress& address() const { return address_; }
  int length() const { return length_; }
  Family family() const { return address_.family(); }
  bool is_v4() const { return address_.is_v4(); }
  // The first and last address of the block.
  IpAddress network() const;
  IpAddress last() const;
  bool has_host_bits() const { return network() != address_; }
  bool contains(const IpAddress& address) const;
  bool overlaps(const Prefix& other) const;
  std::string to_string() const;

  auto operator<=>(const Prefix&) const = default;

 private:
  IpAddress address_;
  int length_ = 0;
};

}  // namespace catena::base
