// The VPC's side of the data plane: a namespace that routes between ports, one per ENI. An address
// goes to the one port it was routed to, by the ENI's MAC, without asking the guest; what nobody
// has goes to a link that leads nowhere.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "sim/dataplane/neighbour_responder.h"
#include "sim/dataplane/vpc_filter.h"
#include "sim/plane.h"

namespace catena::sim {

// By which the VPC's ends of all ENIs are known (IFLA_GROUP), so that all can go in one step.
inline constexpr std::uint32_t kPortGroup = 0x76706300;

// The VPC's end of an ENI.
struct Port {
  std::string name;
  int index = 0;
  base::Mac guest;
  bool source_check = true;
};

struct GuestEnd {
  std::string name;  // of the link, in the guest's namespace
  const netlink::NetNs& netns;
};

// One thread at a time.
class VpcRouter {
 public:
  // `netns` has nothing but lo.
  static base::Result<std::unique_ptr<VpcRouter>> create(const netlink::NetNs& netns);

  base::Status add_gateways(const PlaneSwitch& vswitch);

  // The veth pair with what belongs to its VPC's end, no address yet. kExists where the guest has a
  // link of that name.
  base::Result<Port> create_port(const std::string& name, const PlaneNic& nic,
                                 const PlaneSwitch& vswitch, const GuestEnd& guest);
  // Also ok when its link is gone.
  base::Status remove_port(const Port& port);
  base::Status remove_all_ports();
  // Whether its link is (the guest can delete it).
  bool is_there(const Port& port) { return socket_.find_link(port.index).ok(); }

  // From now on these lead to the port, and only to it; wherever they led before.
  base::Status route(const std::vector<base::Prefix>& destinations, const Port& port);
  base::Status route_to_nowhere(const base::Prefix& destination);
  // Where they lead to the port still. Also ok when they do not.
  base::Status unroute(const std::vector<base::Prefix>& destinations, const Port& port);
  // Wherever it leads.
  base::Status unroute(const base::Prefix& destination);

  base::Result<Drops> drops() { return filter_.drops(); }

 private:
  VpcRouter(netlink::Socket socket, netlink::Link lo, netlink::Link nowhere, VpcFilter filter,
            std::unique_ptr<NeighbourResponder> responder);
  base::Status set_up_port(Port& port, const PlaneNic& nic, const PlaneSwitch& vswitch);

  netlink::Socket socket_;
  netlink::Link lo_;
  netlink::Link nowhere_;
  VpcFilter filter_;
  std::unique_ptr<NeighbourResponder> responder_;
};

}  // namespace catena::sim
