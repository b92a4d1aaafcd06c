// A node, its pods, and all the world behind it, of namespaces and links: for any cluster that a
// test tells.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "tests/kernel/policy/raw_end.h"
#include "tests/support/netpol/cluster.h"
#include "tests/support/scratch_netns.h"

namespace catena::test::netpol {

// One thread.
class Rig {
 public:
  Rig();

  // Each pod that is local gets a namespace and its addresses, the node gets routes to them and its
  // own addresses. Every other address is one of the world behind the node: other nodes, their
  // pods, and who is outside of the cluster.
  void seat(const Cluster& cluster);

  // Whether the flow, if it is let, comes by the node or stays in a pod, and has addresses that
  // the kernel takes for such.
  bool can_ask(const Flow& flow) const;
  bool is_node(const base::IpAddress& address) const { return &end_of(address) == &node_; }
  // Whether the first packet of each flow gets there, all of them new to node and pods. can_ask()
  // each.
  std::vector<bool> arrive(const std::vector<Flow>& flows);
  // The same packet by packet, and nothing is forgotten of the flows that there were.
  bool arrives(const Packet& packet);
  // The same where the node sends it on to another address than it was sent to (a service).
  bool arrives_at(const base::IpAddress& address, const Packet& packet);
  // Sent from where `from` lives. Whether such an error gets where the packet came from.
  bool too_big_arrives(const base::IpAddress& from, const Packet& about);

  const ScratchNetNs& node() const { return node_.netns; }
  // Of a local pod.
  const ScratchNetNs& pod(const std::string& id) const { return pods_.at(id)->end.netns; }
  // The node's end of its link.
  const std::string& link(const std::string& id) const { return pods_.at(id)->link; }

 private:
  struct End {
    ScratchNetNs netns;
    RawEnd raw{netns};
  };
  struct Pod {
    End end;
    std::string link;  // the node's end
    std::set<std::string> addresses;
  };
  struct Sent {
    const End* to = nullptr;
    bool arrived = false;
  };

  Pod& pod_of(const std::string& id);
  void give_addresses(Pod& pod, const std::set<std::string>& wanted);
  void give_routes(const std::map<std::string, std::string>& wanted);
  void give_node(const std::set<std::string>& wanted);
  const End& end_of(const base::IpAddress& address) const;
  void send_all(const std::vector<Flow>& flows, std::size_t first, std::vector<bool>& arrived);
  void listen(std::map<std::uint32_t, Sent>& sent);
  void forget_flows() const;

  End node_;
  End world_;
  std::map<std::string, std::unique_ptr<Pod>> pods_;  // by id
  std::map<std::string, std::string> routes_;         // address -> link of the node
  std::set<std::string> node_addresses_;
  std::map<base::IpAddress, const End*> ends_;  // of the node's and the pods' addresses
  std::uint32_t last_number_ = 0;
};

}  // namespace catena::test::netpol
