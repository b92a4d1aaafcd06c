#include "plugins/bandwidth/pod.h"

namespace catena::bandwidth {

base::Result<Sockets> open_sockets(const std::string& netns) {
  const auto sandbox = TRY(netlink::NetNs::open(netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  return Sockets{.node = std::move(node), .pod = std::move(pod)};
}

shaping::Shaped shaped_of(const cni::Request& request, const Settings& settings) {
  shaping::Shaped shaped;
  shaped.network = request.config.name;
  shaped.container_id = request.args.attachment.container_id;
  shaped.if_name = request.args.attachment.if_name;
  shaped.egress_from = settings.egress_from;
  shaped.subnets = settings.subnets;
  return shaped;
}

std::vector<std::string> host_links_in(const cni::Request& request) {
  std::vector<std::string> names;
  if (request.config.prev_result) {
    for (const cni::Interface& link : request.config.prev_result->interfaces) {
      if (link.sandbox.empty()) {
        names.push_back(link.name);
      }
    }
  }
  return names;
}

}  // namespace catena::bandwidth
