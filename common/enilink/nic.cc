#include "common/enilink/nic.h"

#include <algorithm>
#include <array>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "common/base/clock.h"
#include "common/netlink/watch.h"

namespace catena::enilink {
namespace {

using base::Result;
using netlink::Link;

// Kinds of links that can carry the MAC of the NIC they are on.
constexpr std::array<const char*, 8> kStacked{"vlan",   "macvlan", "macvtap", "ipvlan",
                                              "ipvtap", "bridge",  "bond",    "team"};

}  // namespace

bool is_nic(const netlink::Link& link) {
  return std::ranges::find(kStacked, link.kind) == kStacked.end();
}

Result<std::optional<Link>> find_nic(netlink::Socket& socket, const base::Mac& mac) {
  for (Link& link : TRY(socket.list_links())) {
    if (link.mac == mac && is_nic(link)) {
      return std::optional<Link>(std::move(link));
    }
  }
  return std::optional<Link>();
}

Result<std::optional<Link>> await_nic(netlink::Socket& node, const base::Mac& mac,
                                      std::chrono::milliseconds patience) {
  const base::UniqueFd watch = TRY(netlink::open_watch(NETLINK_ROUTE, {RTNLGRP_LINK}));
  const base::Deadline deadline(patience);
  for (;;) {
    std::optional<Link> link = TRY(find_nic(node, mac));
    if (link.has_value() || deadline.passed() ||
        !netlink::wait_readable(watch.get(), deadline.left())) {
      return link;
    }
    TRY(netlink::read_watch(watch.get(), [](const nlmsghdr*) {}));
  }
}

}  // namespace catena::enilink
