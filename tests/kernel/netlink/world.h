// A host's and a pod's namespace, a socket in each, and a veth pair between them.
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/mac.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "tests/support/must.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

inline base::Mac mac(const char* text) { return must(base::Mac::parse(text)); }
inline base::IpAddress ip(const char* text) { return must(base::IpAddress::parse(text)); }
inline base::Prefix prefix(const char* text) { return must(base::Prefix::parse(text)); }

struct Namespaces {
  ScratchNetNs host_ns;
  ScratchNetNs pod_ns;
  netlink::NetNs host_netns = must(netlink::NetNs::open(host_ns.path()));
  netlink::NetNs pod_netns = must(netlink::NetNs::open(pod_ns.path()));
  netlink::Socket host = must(netlink::Socket::open_in(host_netns));
  netlink::Socket pod = must(netlink::Socket::open_in(pod_netns));
};

inline const netlink::VethEnd kHostEnd{
    .name = "ctn1a2b", .mac = base::Mac{{0x0a, 0, 0, 0, 0, 1}}, .mtu = 1400};
inline const netlink::VethEnd kPodEnd{
    .name = "eth0", .mac = base::Mac{{0x0a, 0, 0, 0, 0, 2}}, .mtu = 1300};

// As a pod has it: both ends up.
struct World : Namespaces {
  World() {
    must(host.send(netlink::create_veth(kHostEnd, kPodEnd, pod_netns)));
    ctn = must(host.find_link(kHostEnd.name));
    eth0 = must(pod.find_link(kPodEnd.name));
    must(host.send(netlink::set_link(ctn, {.up = true})));
    must(pod.send(netlink::set_link(eth0, {.up = true})));
  }
  netlink::Link ctn;
  netlink::Link eth0;
};

// The link-local address of a link that is up; the kernel makes it a moment after the carrier
// comes.
inline base::Prefix wait_for_link_local(netlink::Socket& socket, const netlink::Link& link) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    for (const base::Prefix& address : must(socket.list_addresses(link))) {
      if (!address.is_v4() && address.address().is_link_local()) {
        return address;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("no link-local address on " + link.name + " within 5 s");
}

// One vector of requests, which cannot be copied into an initialiser list.
template <typename... Requests>
std::vector<netlink::Request> batch(Requests... requests) {
  std::vector<netlink::Request> all;
  (all.push_back(std::move(requests)), ...);
  return all;
}

}  // namespace catena::test
