// The data plane of a simulated VPC in the kernel of this machine. The VPC is a network namespace
// that routes; each instance is one, named below /run/netns; each ENI is a veth pair between the
// two. Needs root.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/error.h"
#include "common/base/ip.h"
#include "common/base/unique_fd.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "sim/dataplane/link_watch.h"
#include "sim/dataplane/vpc_router.h"
#include "sim/plane.h"
#include "sim/state_dir.h"

namespace catena::sim {

struct NetnsPlaneOptions {
  std::string vpc_netns;  // the name of the VPC's own namespace below /run/netns
  // Addresses that lo of every node has, so that what listens there in the node's namespace is
  // reached at them: 100.100.100.200 of the metadata service.
  std::vector<base::IpAddress> service_addresses;
  // Told what went wrong behind everybody's back, from another thread. May be empty.
  std::function<void(const base::Error&)> report;
};

// Thread-safe. Its end removes all it made, links that were moved elsewhere included.
//
// An ENI whose link dies with the namespace it was moved to, or is deleted in the guest, comes back
// to its node as a new link with its MAC, down: as a NIC of hardware returns.
class NetnsPlane : public Plane {
 public:
  // Removes first what a simulation that was killed with this state directory left behind.
  // `state` must outlive the plane. kExists where a namespace of that name is there already.
  static base::Result<std::unique_ptr<NetnsPlane>> start(StateDir& state,
                                                         NetnsPlaneOptions options);
  NetnsPlane(const NetnsPlane&) = delete;
  NetnsPlane& operator=(const NetnsPlane&) = delete;
  NetnsPlane(NetnsPlane&&) = delete;
  NetnsPlane& operator=(NetnsPlane&&) = delete;
  ~NetnsPlane() override;

  base::Status add_switch(const PlaneSwitch& vswitch) override;
  base::Status add_node(const PlaneNode& node) override;
  base::Status remove_node(const std::string& id) override;
  base::Status plug(const std::string& node, const PlaneNic& nic) override;
  base::Status unplug(const std::string& nic) override;
  base::Status set_addresses(const std::string& nic,
                             const std::vector<base::Prefix>& addresses) override;
  base::Status set_routes(const std::vector<PlaneRoute>& routes) override;

  base::Result<Drops> drops();

 private:
  struct Nic {
    PlaneNic spec;
    std::string node;
    std::string guest_name;  // of the link when it was made
    Port port;
  };
  struct Node {
    std::string netns_name;
    netlink::NetNs netns;
    netlink::Socket socket;
    std::string primary;         // ENI
    std::set<std::string> nics;  // the primary one included
  };

  NetnsPlane(StateDir& state, NetnsPlaneOptions options, std::unique_ptr<VpcRouter> router,
             LinkWatch watch, base::UniqueFd stop);

  base::Result<Node> make_node(const PlaneNode& node);
  base::Status configure_primary(Node& node, const PlaneNic& nic);
  base::Status attach(const std::string& node, const PlaneNic& nic, std::string guest_name);
  base::Status connect(Nic& nic);
  base::Status detach(const std::string& nic_id);
  base::Status remove_node_locked(const std::string& id);
  base::Result<std::string> free_name(Node& node, const std::string& wanted);

  // The ENI that a next hop stands for; null when there is none (any more).
  const Nic* next_hop(const std::string& id) const;
  // Route entries that lead to the ENI, by its own name or as its node's primary one.
  std::vector<base::Prefix> entries_to(const Nic& nic) const;
  base::Status place(const base::Prefix& destination, const std::string& hop);

  void watch_links();
  void come_home(int port_index);
  void find_lost();

  StateDir& state_;
  NetnsPlaneOptions options_;
  std::mutex mutex_;
  std::unique_ptr<VpcRouter> router_;
  std::map<std::string, PlaneSwitch> switches_;
  std::map<std::string, Node> nodes_;
  std::map<std::string, Nic> nics_;
  std::map<int, std::string> nic_at_;                           // by the port's index
  std::map<base::Prefix, std::string> routes_;                  // destination -> next hop
  std::map<std::string, std::set<base::Prefix>> destinations_;  // the other way round
  int ports_made_ = 0;
  LinkWatch watch_;
  base::UniqueFd stop_;
  std::thread thread_;
};

}  // namespace catena::sim
