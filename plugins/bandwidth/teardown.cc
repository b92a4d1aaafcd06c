#include "plugins/bandwidth/teardown.h"

#include <optional>

namespace catena::bandwidth {
namespace {

using base::ErrorKind;
using base::Result;
using base::Status;

// Nothing where the namespace is gone, or its path became something else: what it held went with
// it.
Result<std::optional<netlink::Socket>> open_pod(const std::string& netns) {
  std::optional<netlink::Socket> none;
  if (netns.empty()) {
    return none;
  }
  const auto sandbox = netlink::NetNs::open(netns);
  if (!sandbox.ok()) {
    const bool gone =
        sandbox.error().is(ErrorKind::kNotFound) || sandbox.error().is(ErrorKind::kBadNetns);
    return gone ? Result<std::optional<netlink::Socket>>(std::move(none))
                : Result<std::optional<netlink::Socket>>(sandbox.error());
  }
  auto socket = TRY(netlink::Socket::open_in(*sandbox));
  return std::optional<netlink::Socket>(std::move(socket));
}

// What is known of the interface without the kernel's word.
std::vector<shaping::Pipe> pipes_of(netlink::Socket& node, netlink::Socket& pod,
                                    const std::string& if_name) {
  auto pipes = shaping::find_pipes(node, pod, if_name, {});
  if (pipes.ok()) {
    return *std::move(pipes);
  }
  return {{.pod_link = if_name, .host_link = {}}};
}

}  // namespace

Status tear_down(const shaping::Records& records, shaping::Record record) {
  // First: by it the agent sees that the pod is going.
  TRY(records.remove(record.shaped.container_id, record.shaped.if_name));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(open_pod(record.netns));
  if (pod.has_value() && record.shaped.pipes.empty()) {
    record.shaped.pipes = pipes_of(node, *pod, record.shaped.if_name);
  }
  return shaping::remove(node, pod.has_value() ? &*pod : nullptr, record.shaped);
}

}  // namespace catena::bandwidth
