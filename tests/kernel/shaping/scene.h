// A pod and its node, linked by a veth, for what is shaped between them.
#pragma once

#include <string>

#include "common/shaping/shaping.h"
#include "tests/kernel/netlink/world.h"

namespace catena::test {

constexpr std::uint64_t kMbit = 1'000'000;

inline shaping::Rates rates_of(std::uint64_t ingress_bits, std::uint64_t egress_bits) {
  shaping::Rates rates;
  rates.ingress.rate_bits = ingress_bits;
  rates.egress.rate_bits = egress_bits;
  return rates;
}

// The pod has 10.1.0.2 and fd00::2, the node 10.1.0.1 and fd00::1.
struct PodAndNode : World {
  PodAndNode() {
    for (const auto& [ns, link, last] :
         {std::tuple{&host_ns, "ctn1a2b", "1"}, std::tuple{&pod_ns, "eth0", "2"}}) {
      ns->sh(std::string("ip addr add 10.1.0.") + last + "/24 dev " + link +
             "; ip -6 addr add fd00::" + last + "/64 nodad dev " + link + "; ip link set " + link +
             " mtu 1500");
    }
  }
  shaping::Shaped shaped() const {
    shaping::Shaped what;
    what.network = "net";
    what.container_id = "pod-a";
    what.if_name = "eth0";
    what.pipes.push_back({.pod_link = "eth0", .host_link = "ctn1a2b"});
    return what;
  }
  // As if the node's end were not there: an ENI looks like this to the pod.
  shaping::Shaped shaped_nic() const {
    shaping::Shaped what = shaped();
    what.pipes.front().host_link.clear();
    return what;
  }
  // Every qdisc, class and filter, and the ifbs; empty when there are none.
  std::string traffic_control() const {
    const std::string show =
        "for link in $(ls /sys/class/net); do :; done; tc qdisc show | grep -v noqueue; "
        "ip -o link show type ifb | grep -o 'ctb[a-z0-9]*'; true";
    return host_ns.sh(show) + pod_ns.sh(show);
  }
};

}  // namespace catena::test
