// Answers ARP requests and IPv6 neighbour solicitations on the ports of a VPC, as the virtual
// switch of the cloud does: with the gateway's MAC for every address of the port's vSwitch, whether
// anybody has it or not, at once and without asking another guest. Duplicate address detection
// (ARP probes and announcements, solicitations from ::) is left unanswered: an address that the
// cloud gave to the ENI is no duplicate.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/netlink/netns.h"

namespace catena::sim {

// What is answered on one port: to the guest with that MAC, for targets in these blocks.
struct AnsweredPort {
  base::Mac guest;
  base::Prefix ipv4;
  std::optional<base::Prefix> ipv6;
};

// Thread-safe; runs a thread of its own.
class NeighbourResponder {
 public:
  // For the links of the namespace `vpc`. `gateway` is the MAC that answers carry.
  static base::Result<std::unique_ptr<NeighbourResponder>> start(const netlink::NetNs& vpc,
                                                                 const base::Mac& gateway);
  NeighbourResponder(const NeighbourResponder&) = delete;
  NeighbourResponder& operator=(const NeighbourResponder&) = delete;
  NeighbourResponder(NeighbourResponder&&) = delete;
  NeighbourResponder& operator=(NeighbourResponder&&) = delete;
  ~NeighbourResponder();

  void add(int if_index, const AnsweredPort& port);
  void remove(int if_index);

 private:
  NeighbourResponder(base::UniqueFd arp, base::UniqueFd ipv6, base::UniqueFd stop,
                     const base::Mac& gateway);
  void run();
  void answer_waiting(int fd);
  std::optional<AnsweredPort> port_of(int if_index);

  base::UniqueFd arp_;
  base::UniqueFd ipv6_;
  base::UniqueFd stop_;
  base::Mac gateway_;
  std::mutex mutex_;
  std::map<int, AnsweredPort> ports_;  // by the index of the VPC's end
  std::thread thread_;
};

}  // namespace catena::sim
