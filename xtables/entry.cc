#include "xtables/entry.h"

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string>

namespace catena::xtables {
namespace {

// The first `length` bits set, in network order.
std::array<unsigned char, 16> mask_of(int length) {
  std::array<unsigned char, 16> mask{};
  for (unsigned bit = 0; bit < static_cast<unsigned>(length); ++bit) {
    mask.at(bit / 8) |= static_cast<unsigned char>(0x80U >> (bit % 8));
  }
  return mask;
}

// `address` and `mask` are an in_addr or in6_addr.
template <typename Address>
void set_prefix(Address& address, Address& mask, const std::optional<base::Prefix>& prefix) {
  if (prefix.has_value()) {
    std::memcpy(&address, prefix->network().data(), sizeof(address));
    std::memcpy(&mask, mask_of(prefix->length()).data(), sizeof(mask));
  }
}

template <typename Address>
base::Prefix prefix_in(const Address& address, const Address& mask) {
  std::array<unsigned char, sizeof(mask)> bits{};
  std::memcpy(bits.data(), &mask, sizeof(mask));
  int length = 0;
  for (const unsigned char byte : bits) {
    length += std::popcount(byte);
  }
  const base::Family family =
      sizeof(address) == sizeof(in_addr) ? base::Family::kIpv4 : base::Family::kIpv6;
  return {base::IpAddress::from_bytes(family, &address), length};
}

// An exact name: its NUL counts too.
void set_interface(char* name, unsigned char* mask, const std::string& wanted) {
  if (!wanted.empty()) {
    std::strncpy(name, wanted.c_str(), IFNAMSIZ - 1);
    std::memset(mask, 0xFF, wanted.size() + 1);
  }
}

// ipt_ip and ip6t_ip6 name these alike.
template <typename Head>
void fill_head(Head& head, const Rule& rule) {
  set_prefix(head.src, head.smsk, rule.source);
  set_prefix(head.dst, head.dmsk, rule.destination);
  set_interface(head.iniface, head.iniface_mask, rule.in);
  set_interface(head.outiface, head.outiface_mask, rule.out);
  head.proto = rule.protocol;
}

}  // namespace

void Ipv4::fill(Entry& entry, const Rule& rule) {
  fill_head(entry.ip, rule);
  entry.ip.flags = rule.go ? IPT_F_GOTO : 0;
}

base::Prefix Ipv4::source(const Entry& entry) { return prefix_in(entry.ip.src, entry.ip.smsk); }

base::Prefix Ipv4::destination(const Entry& entry) {
  return prefix_in(entry.ip.dst, entry.ip.dmsk);
}

void Ipv6::fill(Entry& entry, const Rule& rule) {
  fill_head(entry.ipv6, rule);
  entry.ipv6.flags = static_cast<std::uint8_t>((rule.go ? IP6T_F_GOTO : 0) |
                                               (rule.protocol == 0 ? 0 : IP6T_F_PROTO));
}

base::Prefix Ipv6::source(const Entry& entry) { return prefix_in(entry.ipv6.src, entry.ipv6.smsk); }

base::Prefix Ipv6::destination(const Entry& entry) {
  return prefix_in(entry.ipv6.dst, entry.ipv6.dmsk);
}

}  // namespace catena::xtables
