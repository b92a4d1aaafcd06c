#include "common/base/ip.h"

#include <arpa/inet.h>
#include <cassert>
#include <charconv>
#include <cstring>
#include <limits>

namespace catena::base {
namespace {

bool is_v4_mapped(const std::array<std::uint8_t, 16>& bytes) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0;
}

// `address` with every bit from `length` on set to `ones`.
IpAddress fill_host_bits(const IpAddress& address, int length, bool ones) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), address.data(), address.size());
  for (int bit = length; bit < address.bits(); ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80U >> static_cast<unsigned>(bit % 8));
    auto& byte = bytes.at(static_cast<std::size_t>(bit / 8));
    byte = static_cast<std::uint8_t>(ones ? byte | mask : byte & ~mask);
  }
  return IpAddress::from_bytes(address.family(), bytes.data());
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  const bool has_nul = copy.find('\0') != std::string::npos;
  if (!has_nul && ::inet_pton(AF_INET, copy.c_str(), address.bytes_.data()) == 1) {
    return address;
  }
  if (!has_nul && ::inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) == 1 &&
      !is_v4_mapped(address.bytes_)) {
    address.family_ = Family::kIpv6;
    return address;
  }
  return Error(ErrorKind::kUndecodable, "'" + copy + "' is not an IP address");
}

IpAddress IpAddress::from_bytes(Family family, const void* bytes) {
  IpAddress address;
  address.family_ = family;
  std::memcpy(address.bytes_.data(), bytes, address.size());
  return address;
}

IpAddress IpAddress::unspecified(Family family) {
  IpAddress address;
  address.family_ = family;
  return address;
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

IpAddress IpAddress::plus(std::uint64_t step) const {
  IpAddress sum = *this;
  unsigned carry = 0;
  for (std::size_t i = size(); i-- > 0;) {
    const unsigned digit = sum.bytes_.at(i) + static_cast<unsigned>(step & 0xffU) + carry;
    sum.bytes_.at(i) = static_cast<std::uint8_t>(digit);
    carry = digit >> 8U;
    step >>= 8U;
  }
  return sum;
}

IpAddress IpAddress::minus_one() const {
  IpAddress difference = *this;
  for (std::size_t i = size(); i-- > 0;) {
    if (difference.bytes_.at(i)-- != 0) {
      break;
    }
  }
  return difference;
}

bool IpAddress::is_unspecified() const { return bytes_ == std::array<std::uint8_t, 16>{}; }

bool IpAddress::is_multicast() const {
  return is_v4() ? (bytes_[0] & 0xf0U) == 0xe0U : bytes_[0] == 0xffU;
}

bool IpAddress::is_loopback() const {
  return is_v4() ? bytes_[0] == 127 : minus_one().is_unspecified();
}

bool IpAddress::is_link_local() const {
  return is_v4() ? bytes_[0] == 169 && bytes_[1] == 254
                 : bytes_[0] == 0xfeU && (bytes_[1] & 0xc0U) == 0x80U;
}

std::uint64_t count_between(const IpAddress& first, const IpAddress& last) {
  if (last < first || first.family() != last.family()) {
    return 0;
  }
  std::uint64_t difference = 0;
  int borrow = 0;
  for (std::size_t i = first.size(); i-- > 0;) {
    int digit = last.data()[i] - first.data()[i] - borrow;
    borrow = digit < 0 ? 1 : 0;
    digit += borrow * 256;
    const std::size_t place = first.size() - 1 - i;
    if (place >= 8 && digit != 0) {
      return std::numeric_limits<std::uint64_t>::max();
    }
    if (place < 8) {
      difference |= static_cast<std::uint64_t>(digit) << (8 * place);
    }
  }
  return difference == std::numeric_limits<std::uint64_t>::max() ? difference : difference + 1;
}

Prefix::Prefix(const IpAddress& address, int length) : address_(address), length_(length) {
  assert(length >= 0 && length <= address.bits());
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const Error malformed(ErrorKind::kUndecodable,
                        "'" + std::string(text) + "' is not an address with a prefix length");
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return malformed;
  }
  const Result<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';
  if (!address.ok() || error != std::errc{} || end != digits.data() + digits.size() ||
      leading_zero || length > static_cast<unsigned>(address->bits())) {
    return malformed;
  }
  return Prefix(*address, static_cast<int>(length));
}

Result<Prefix> Prefix::parse_or_host(std::string_view text) {
  if (text.find('/') != std::string_view::npos) {
    return parse(text);
  }
  return host(TRY(IpAddress::parse(text)));
}

IpAddress Prefix::network() const { return fill_host_bits(address_, length_, false); }

IpAddress Prefix::last() const { return fill_host_bits(address_, length_, true); }

bool Prefix::contains(const IpAddress& address) const {
  return address.family() == family() && address >= network() && address <= last();
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other.network()) || other.contains(network());
}

std::string Prefix::to_string() const {
  return address_.to_string() + "/" + std::to_string(length_);
}

}  // namespace catena::base
