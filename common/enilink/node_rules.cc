#include "common/enilink/node_rules.h"

namespace catena::enilink {

std::vector<netlink::Rule> node_rules(const Routing& routing) {
  std::vector<netlink::Rule> rules;
  for (const base::Family family : routing.families) {
    rules.push_back({.family = family, .priority = kPodsPriority, .table = kPodsTable});
    for (const base::Prefix& prefix : routing.host_stack) {
      if (prefix.family() == family) {
        rules.push_back({.family = family,
                         .priority = kHostStackPriority,
                         .table = netlink::kMainTable,
                         .to = prefix});
      }
    }
  }
  return rules;
}

bool has_way(const PodPath& pod) { return !pod.by_main; }

netlink::Rule source_rule(const PodPath& pod) {
  return {.family = pod.address.family(),
          .priority = kSourcePriority,
          .table = table_of(pod.slot),
          .from = base::Prefix::host(pod.address)};
}

netlink::Route host_route(const PodPath& pod, int if_index) {
  return {.destination = base::Prefix::host(pod.address),
          .if_index = if_index,
          .if_name = pod.if_name,
          .source = pod.source,
          .link_scope = pod.address.is_v4(),
          .table = kPodsTable};
}

}  // namespace catena::enilink
