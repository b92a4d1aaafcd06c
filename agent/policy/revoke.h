// Running flows that the rules forbid by now: found and cut, on the node and inside pods that have
// a NIC of their own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "agent/policy/kernel.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/flows.h"
#include "common/netpol/rules.h"

namespace catena::agent {

// Where flows are looked for.
struct FlowPlace {
  std::string netns;  // path of a pod's namespace; empty: the calling thread's, which is the node's
  std::string nic;    // inside the pod, the interface that its rules are about
  std::vector<base::IpAddress> pods;  // whose flows; sorted
};
struct FlowsAt {
  FlowPlace place;
  std::vector<firewall::Flow> flows;
};

// Of pods that are isolated in a direction; none where no pod is.
std::vector<FlowPlace> places_of_flows(const netpol::Rules& rules, const PolicyRecords& records);
// A place that can't be looked at is a notice; one that is gone is nothing.
std::vector<FlowsAt> flows_at(const std::vector<FlowPlace>& places,
                              std::vector<std::string>& notices);
// Those that the rules forbid.
std::vector<FlowsAt> forbidden(const netpol::Rules& rules, std::vector<FlowsAt> flows);
// All but what the node itself began, and inside a pod what goes by another way than its NIC. How
// many were cut.
std::size_t cut(std::vector<FlowsAt> flows, std::vector<std::string>& notices);

}  // namespace catena::agent
