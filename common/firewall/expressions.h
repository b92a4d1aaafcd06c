// What a rule does: loads and compares, then a verdict. Only what the kernel's core, the nat chain,
// ct, masq and fib offer, so that nft of any age can print our rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/ip.h"
#include "common/firewall/attributes.h"
#include "common/firewall/netfilter.h"

namespace catena::firewall {

struct Verdict {
  // NF_ACCEPT, NF_DROP, NFT_JUMP, NFT_GOTO, NFT_RETURN.
  std::int32_t code = NF_ACCEPT;
  std::string chain;  // of NFT_JUMP and NFT_GOTO

  static Verdict accept() { return {NF_ACCEPT, {}}; }
  static Verdict drop() { return {NF_DROP, {}}; }
  static Verdict jump(std::string chain) { return {NFT_JUMP, std::move(chain)}; }
  static Verdict go_to(std::string chain) { return {NFT_GOTO, std::move(chain)}; }

  void write(Attributes& data) const;
};

// The bytes of a number as marks and interface groups have them.
std::string host_order(std::uint32_t number);

enum class End { kSource, kDestination };

// The registers are 16 slots of 4 bytes; fields that are looked up together (a concatenation) lie
// one behind the other.
using Slot = std::uint32_t;
inline constexpr Slot kAfterName = 4;  // an interface name fills slots 0 to 3

class Expressions {
 public:
  Expressions& load_meta(nft_meta_keys key, Slot to = 0);
  Expressions& load_payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t size,
                            Slot to = 0);
  // The packet's address; to be behind is_family() of the same family.
  Expressions& load_address(base::Family family, End end, Slot to = 0);
  // The number (4 bytes) of the interface that the packet came in by where the way back to its
  // source leads through it, else 0: RFC 3704's strict check. In prerouting chains; CONFIG_NFT_FIB.
  Expressions& load_reverse_path(Slot to = 0);
  // What kind of address the packet's source is to this node (RTN_LOCAL, ...; 4 bytes in host
  // order). CONFIG_NFT_FIB.
  Expressions& load_source_kind(Slot to = 0);
  // Marks are in host order. Where there is no connection the rule ends.
  Expressions& load_ct(nft_ct_keys key, Slot to = 0);
  // What is loaded becomes (loaded & keep) ^ flip: 4 bytes in host order.
  Expressions& change_bits(std::uint32_t keep, std::uint32_t flip, Slot at = 0);
  Expressions& store_meta(nft_meta_keys key, Slot from = 0);
  Expressions& store_ct(nft_ct_keys key, Slot from = 0);

  // The rule ends here unless ...
  // ... the bytes loaded compare so with `value`, which is in network order where it is a number.
  Expressions& compare(nft_cmp_ops op, std::string_view value, Slot from = 0);
  // ... the packet is of that family.
  Expressions& is_family(base::Family family);
  // ... what is loaded is in the set, or is not.
  Expressions& in_set(std::string_view set, Slot from = 0);
  Expressions& not_in_set(std::string_view set, Slot from = 0);

  // The verdict that the map has for what is loaded; the rule ends here where it has none.
  Expressions& verdict_of(std::string_view map, Slot from = 0);
  Expressions& verdict(const Verdict& verdict);
  // Counts the packet in the named counter (objects.h).
  Expressions& count(std::string_view counter);
  // In a nat chain, behind is_family() of the address's family: packets get it as their source.
  Expressions& translate_source(const base::IpAddress& address);
  // In a nat chain; `flags` are NF_NAT_RANGE_* of linux/netfilter/nf_nat.h.
  Expressions& masquerade(std::uint32_t flags);

  // The value of NFTA_RULE_EXPRESSIONS.
  const Attributes& attributes() const { return list_; }

 private:
  template <typename Fill>
  Expressions& add(std::string_view name, Fill fill);

  Attributes list_;
};

}  // namespace catena::firewall
