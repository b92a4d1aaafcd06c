#include "common/netpol/sloppy.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "common/base/text.h"

namespace catena::netpol {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;

constexpr std::size_t kV4InV6 = 12;  // bytes before the IPv4 address in a mapped one
constexpr int kV4InV6Bits = 96;

Error not_an_address(std::string_view text) {
  return Error(ErrorKind::kUndecodable, "'" + std::string(text) + "' is not an IP address");
}

// "010.1.2.003" is "10.1.2.3"; anything else stays as it is.
std::string without_leading_zeros(std::string_view text) {
  std::string plain;
  for (const std::string_view part : base::split(text, '.')) {
    const std::size_t first = part.find_first_not_of('0');
    const bool is_zero = !part.empty() && first == std::string_view::npos;
    plain += plain.empty() ? "" : ".";
    plain += is_zero || part.empty() ? part.substr(0, 1) : part.substr(first);
  }
  return plain;
}

bool is_v4_mapped(const std::array<std::uint8_t, 16>& bytes) {
  for (std::size_t i = 0; i < kV4InV6; ++i) {
    if (bytes.at(i) != (i < 10 ? 0 : 0xff)) {
      return false;
    }
  }
  return true;
}

// A mapped address as it is written.
Result<IpAddress> v6_address(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos ||
      ::inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) {
    return not_an_address(text);
  }
  return IpAddress::from_bytes(Family::kIpv6, bytes.data());
}

std::array<std::uint8_t, 16> bytes_of(const IpAddress& v6) {
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(v6.data(), bytes.size(), bytes.begin());
  return bytes;
}

Prefix unmapped(const IpAddress& v6, int length) {
  const auto bytes = bytes_of(v6);
  if (!is_v4_mapped(bytes) || length < kV4InV6Bits) {
    return {v6, length};
  }
  return {IpAddress::from_bytes(Family::kIpv4, &bytes.at(kV4InV6)), length - kV4InV6Bits};
}

}  // namespace

Result<IpAddress> sloppy_address(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto address = IpAddress::parse(without_leading_zeros(text));
    return address.ok() ? address : not_an_address(text);
  }
  return unmapped(TRY(v6_address(text)), 128).address();
}

Result<Prefix> sloppy_network(std::string_view text) {
  const Error malformed(ErrorKind::kUndecodable,
                        "'" + std::string(text) + "' is not an address with a prefix length");
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) {
    return malformed;
  }
  const std::string_view host = text.substr(0, slash);
  const std::string_view digits = text.substr(slash + 1);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  const auto address = is_v6 ? v6_address(host) : sloppy_address(host);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address.ok() || error != std::errc{} || end != digits.data() + digits.size() ||
      length > static_cast<unsigned>(address->bits())) {
    return malformed;
  }
  const auto bits = static_cast<int>(length);
  const Prefix prefix = is_v6 ? unmapped(*address, bits) : Prefix(*address, bits);
  return Prefix(prefix.network(), prefix.length());
}

}  // namespace catena::netpol
