#include <algorithm>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "common/base/clock.h"
#include "common/enilink/eni_plan.h"
#include "common/enilink/watch.h"
#include "common/podnic/pod_nic.h"

namespace catena::podnic {

using base::Result;
using netlink::Link;

Result<std::optional<Link>> find_nic(netlink::Socket& socket, const base::Mac& mac) {
  for (Link& link : TRY(socket.list_links())) {
    if (link.mac == mac && enilink::is_nic(link)) {
      return std::optional<Link>(std::move(link));
    }
  }
  return std::optional<Link>();
}

Result<Link> await_nic(netlink::Socket& node, const base::Mac& mac,
                       std::chrono::milliseconds patience) {
  const base::UniqueFd watch = TRY(enilink::open_watch(NETLINK_ROUTE, {RTNLGRP_LINK}));
  const base::Deadline deadline(patience);
  for (;;) {
    if (auto link = TRY(find_nic(node, mac)); link.has_value()) {
      return *std::move(link);
    }
    const auto left = std::chrono::milliseconds(deadline.left());
    if (deadline.passed() || !enilink::wait_readable(watch.get(), left)) {
      return base::Error(base::ErrorKind::kNotFound,
                         "no link of this node has the MAC " + mac.to_string())
          .advice(
              "look at `ip link` and at the instance's ENIs in the console: the NIC may not "
              "have been plugged in, or be in a namespace that nobody can name");
    }
    TRY(enilink::read_watch(watch.get(), [](const nlmsghdr*) {}));
  }
}

}  // namespace catena::podnic
