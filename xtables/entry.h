// The head of a rule as the kernel has it, of either family.
#pragma once

#include <cstddef>

// clang-format off
// libc's first: the kernel's headers clash with it otherwise.
#include <netinet/in.h>
#include <net/if.h>
#include <climits>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
// clang-format on

#include "common/base/ip.h"
#include "xtables/rule.h"

namespace catena::xtables {

struct Ipv4 {
  using Entry = ipt_entry;
  static void fill(Entry& entry, const Rule& rule);
  static base::Prefix source(const Entry& entry);
  static base::Prefix destination(const Entry& entry);
};

struct Ipv6 {
  using Entry = ip6t_entry;
  static void fill(Entry& entry, const Rule& rule);
  static base::Prefix source(const Entry& entry);
  static base::Prefix destination(const Entry& entry);
};

// The entry of any family has room in so many bytes, and whatever looks behind it too.
inline constexpr std::size_t kRoomOfEntry = 512;
static_assert(sizeof(ip6t_entry) <= kRoomOfEntry && sizeof(ipt_entry) <= kRoomOfEntry);

}  // namespace catena::xtables
