#include "common/enilink/routing.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "common/base/error_list.h"
#include "common/enilink/node_rules.h"

namespace catena::enilink {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;

Status mark(const Kernel& kernel, const Routing& routing, const std::vector<PodPath>& pod) {
  if (kernel.firewall == nullptr) {
    return Error(ErrorKind::kUnsupported, "mark what pods send: the kernel has no nf_tables");
  }
  std::map<int, std::vector<IpAddress>> by_slot;
  std::vector<IpAddress> by_main;
  for (const PodPath& path : pod) {
    (has_way(path) ? by_slot[path.slot] : by_main).push_back(path.address);
  }
  for (const auto& [slot, addresses] : by_slot) {
    TRY(kernel.firewall->mark(addresses, slot, routing.marks));
  }
  return by_main.empty() ? Status() : kernel.firewall->unmark(by_main);
}

Status ensure_marks(const Kernel& kernel, const firewall::MarkSettings& marks) {
  if (kernel.firewall == nullptr) {
    return Error(ErrorKind::kUnsupported, "the kernel has no nf_tables");
  }
  // Whether they are whole add_pod looks, which each ADD comes to.
  if (TRY(kernel.firewall->knows_marks(marks))) {
    return {};
  }
  return kernel.firewall->ensure_marks(marks);
}

}  // namespace

const char* name_of(Shape shape) { return shape == Shape::kMarks ? "marks" : "rules"; }

Result<Shape> choose_shape(const Kernel& kernel, WantedShape wanted,
                           const firewall::MarkSettings& marks) {
  if (wanted == WantedShape::kRules) {
    return Shape::kRules;
  }
  const Status status = ensure_marks(kernel, marks);
  if (status.ok()) {
    return Shape::kMarks;
  }
  if (wanted == WantedShape::kAuto && status.error().is(ErrorKind::kUnsupported)) {
    return Shape::kRules;
  }
  return Error(status.error()).context("choose ENIs by marks");
}

Status ensure_node(const Kernel& kernel, const Routing& routing) {
  std::vector<netlink::Request> requests;
  const std::vector<netlink::Rule> rules = node_rules(routing);
  std::ranges::transform(rules, std::back_inserter(requests), netlink::add_rule);
  return kernel.routes->send(std::move(requests)).context("ensure the node's rules");
}

Status add_pod(const Kernel& kernel, const Routing& routing, const std::vector<PodPath>& pod) {
  if (routing.shape == Shape::kMarks) {
    return mark(kernel, routing, pod);
  }
  std::vector<netlink::Request> requests;
  for (const PodPath& path : pod) {
    if (has_way(path)) {
      requests.push_back(netlink::add_rule(source_rule(path)));
    }
  }
  return kernel.routes->send(std::move(requests));
}

Status admit_pod(const Kernel& kernel, const Routing& routing, const std::vector<PodPath>& pod,
                 const std::vector<firewall::Entry>& entries) {
  const bool of_one_eni = !pod.empty() && std::ranges::all_of(pod, [&pod](const PodPath& path) {
    return has_way(path) && path.slot == pod.front().slot;
  });
  if (kernel.firewall != nullptr && routing.shape == Shape::kMarks && of_one_eni) {
    firewall::Admission admission{.entries = entries, .slot = pod.front().slot};
    std::ranges::transform(pod, std::back_inserter(admission.addresses), &PodPath::address);
    return kernel.firewall->admit(admission, routing.marks);
  }
  if (kernel.firewall != nullptr) {
    TRY(kernel.firewall->ensure_guard(entries));
  }
  return add_pod(kernel, routing, pod);
}

Status forget_pod(const Kernel& kernel, const std::vector<IpAddress>& addresses) {
  return kernel.firewall == nullptr ? Status() : kernel.firewall->forget_marks(addresses);
}

Status remove_pod(const Kernel& kernel, const std::vector<IpAddress>& addresses) {
  base::ErrorList errors;
  if (kernel.firewall != nullptr) {
    errors.add(kernel.firewall->unmark(addresses));
  }
  std::vector<netlink::Request> requests;
  requests.reserve(addresses.size());
  for (const IpAddress& address : addresses) {
    requests.push_back(netlink::delete_rule({.family = address.family(),
                                             .priority = kSourcePriority,
                                             .from = base::Prefix::host(address)}));
    requests.back().ok_if_no_family = true;
  }
  errors.add(kernel.routes->send(std::move(requests)));
  return errors.to_status();
}

}  // namespace catena::enilink
