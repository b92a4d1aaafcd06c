#include "sim/program/served_plane.h"

#include <utility>

#include "common/base/error_list.h"
#include "common/netlink/netns.h"
#include "sim/dataplane/named_netns.h"

namespace catena::sim {
namespace {

constexpr std::uint16_t kHttpPort = 80;

}  // namespace

std::vector<base::IpAddress> service_addresses() {
  return {base::IpAddress::parse(kMetadataAddress).value(),
          base::IpAddress::parse(kOpenApiAddress).value()};
}

base::Status ServedPlane::serve_in(const PlaneNode& node) {
  const netlink::NetNs netns = TRY(netlink::NetNs::open(netns_path(node.netns)));
  const std::vector<base::IpAddress> addresses = service_addresses();
  std::vector<base::UniqueFd> sockets;
  {
    const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(netns));
    for (const base::IpAddress& address : addresses) {
      sockets.push_back(TRY(listen_tcp(address, kHttpPort)));
    }
  }
  std::vector<int>& numbers = listeners_[node.id];
  const auto metadata = [this, id = node.id](const ReceivedRequest& received) {
    return services_.metadata(id, received);
  };
  numbers.push_back(TRY(server_.serve(std::move(sockets[0]), metadata)));
  numbers.push_back(TRY(server_.serve(std::move(sockets[1]), services_.openapi)));
  return {};
}

base::Status ServedPlane::add_node(const PlaneNode& node) {
  TRY(plane_.add_node(node));
  base::Status served = serve_in(node).context("serve metadata and OpenAPI in " + node.id);
  if (served.ok()) {
    return {};
  }
  base::ErrorList failures;
  failures.add(std::move(served));
  failures.add(remove_node(node.id));
  return failures.to_status();
}

base::Status ServedPlane::remove_node(const std::string& id) {
  for (const int number : std::exchange(listeners_[id], {})) {
    server_.stop(number);
  }
  listeners_.erase(id);
  return plane_.remove_node(id);
}

}  // namespace catena::sim
