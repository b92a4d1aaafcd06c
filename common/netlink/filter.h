// Filters of traffic control: u32, which every kernel has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ip.h"
#include "common/netlink/link.h"
#include "common/netlink/qdisc.h"
#include "common/netlink/request.h"

namespace catena::netlink {

// All that `from` receives and no filter of a lower priority number decides on goes out by `to`
// instead. `from` needs its ingress hook.
Request redirect_ingress(const Link& from, const Link& to, std::uint16_t priority);
// Also ok when there is none.
Request delete_ingress_filters(const Link& link, std::uint16_t priority);

enum class AddressEnd { kSource, kDestination };

// Packets with an address of `network` at that end go to class `to` of the link's root qdisc.
struct NetworkFilter {
  base::Prefix network;
  AddressEnd end = AddressEnd::kSource;
  Handle to;
  bool operator==(const NetworkFilter&) const = default;
};
// IPv4 and IPv6 need a priority each.
Request add_network_filter(const Link& link, const NetworkFilter& filter, std::uint16_t priority);
// Those of the family. Also ok when there is none.
Request delete_network_filters(const Link& link, std::uint16_t major, base::Family family,
                               std::uint16_t priority);

// A filter as the kernel has it.
struct Filter {
  std::string kind;
  std::uint16_t priority = 0;
  Handle to;            // 0:0 where it chooses no class
  int redirect_to = 0;  // index of the link; 0 where it does not redirect
  bool matches_all = false;
  // What a u32 filter compares: offset from the network header, mask, value.
  struct Key {
    int offset = 0;
    std::uint32_t mask = 0;   // network order, as in the packet
    std::uint32_t value = 0;  // the same
    bool operator==(const Key&) const = default;
  };
  std::vector<Key> keys;
};
// What a filter for this network compares.
std::vector<Filter::Key> keys_of(const NetworkFilter& filter);

}  // namespace catena::netlink
