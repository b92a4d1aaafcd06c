#include "agent/policy/revoke.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <linux/rtnetlink.h>
#include <optional>

#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "common/netpol/judge.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;
using firewall::Flow;
using netpol::Judge;

netpol::Connection connection_of(const Flow& flow) {
  return {.source = flow.sent.source,
          .destination = flow.answered.source,
          .protocol = flow.protocol,
          .port = flow.answered.source_port};
}

Status run_at(const FlowPlace& place, const std::function<Status()>& work) {
  if (place.netns.empty()) {
    return work();
  }
  const auto pod = netlink::NetNs::open(place.netns);
  if (!pod.ok()) {
    const Error& error = pod.error();
    const bool is_gone = error.is(ErrorKind::kNotFound) || error.is(ErrorKind::kBadNetns);
    return is_gone ? Status() : Status(error);
  }
  const auto inside = TRY(netlink::ScopedNetNs::enter(*pod));
  return work().context("inside the namespace " + place.netns);
}

// Whether the flow is one that the place's rules look at at all.
class Way {
 public:
  static Result<Way> at(const FlowPlace& place) {
    auto socket = TRY(netlink::Socket::open());
    int nic = 0;
    if (!place.nic.empty()) {
      nic = TRY(socket.find_link(place.nic)).index;
    }
    return Way(std::move(socket), place, nic);
  }

  bool is_judged(const Flow& flow) {
    if (nic_ == 0) {
      return !is_own(flow.sent.source);
    }
    const bool is_pods = std::ranges::binary_search(place_.pods, flow.sent.source);
    const auto route = socket_.resolved_route(is_pods ? flow.sent.destination : flow.sent.source);
    return !route.ok() || route->if_index == nic_;
  }

 private:
  Way(netlink::Socket socket, const FlowPlace& place, int nic)
      : socket_(std::move(socket)), place_(place), nic_(nic) {}

  bool is_own(const IpAddress& address) {
    const auto route = socket_.resolved_route(address);
    return route.ok() && route->type == RTN_LOCAL;
  }

  netlink::Socket socket_;
  const FlowPlace& place_;
  int nic_;  // 0: on the node
};

Status cut_at(FlowsAt& at, std::size_t& number) {
  Way way = TRY(Way::at(at.place));
  std::erase_if(at.flows, [&way](const Flow& flow) { return !way.is_judged(flow); });
  TRY(firewall::cut_flows(at.flows));
  number += at.flows.size();
  return {};
}

void tell(const Status& done, std::vector<std::string>& notices) {
  if (!done.ok()) {
    notices.push_back("flows that policies forbid go on: " + done.error().text());
  }
}

}  // namespace

std::vector<FlowPlace> places_of_flows(const netpol::Rules& rules, const PolicyRecords& records) {
  const std::vector<IpAddress> isolated = Judge(rules).isolated();
  if (isolated.empty()) {
    return {};
  }
  std::vector<FlowPlace> places{{.netns = {}, .nic = {}, .pods = isolated}};
  for (const auto& [id, record] : records) {
    FlowPlace place{.netns = record.netns, .nic = record.if_name, .pods = {}};
    std::ranges::copy_if(record.addresses, std::back_inserter(place.pods),
                         [&isolated](const IpAddress& address) {
                           return std::ranges::binary_search(isolated, address);
                         });
    std::ranges::sort(place.pods);
    if (record.own_nic && !place.pods.empty()) {
      places.push_back(std::move(place));
    }
  }
  return places;
}

std::vector<FlowsAt> flows_at(const std::vector<FlowPlace>& places,
                              std::vector<std::string>& notices) {
  std::vector<FlowsAt> all;
  for (const FlowPlace& place : places) {
    FlowsAt at{.place = place, .flows = {}};
    tell(run_at(place,
                [&at]() -> Status {
                  at.flows = TRY(firewall::flows_of(at.place.pods));
                  return {};
                }),
         notices);
    if (!at.flows.empty()) {
      all.push_back(std::move(at));
    }
  }
  return all;
}

std::vector<FlowsAt> forbidden(const netpol::Rules& rules, std::vector<FlowsAt> flows) {
  const Judge judge(rules);
  for (FlowsAt& at : flows) {
    std::erase_if(at.flows,
                  [&judge](const Flow& flow) { return judge.judge(connection_of(flow)).allows(); });
  }
  std::erase_if(flows, [](const FlowsAt& at) { return at.flows.empty(); });
  return flows;
}

std::size_t cut(std::vector<FlowsAt> flows, std::vector<std::string>& notices) {
  std::size_t number = 0;
  for (FlowsAt& at : flows) {
    tell(run_at(at.place, [&] { return cut_at(at, number); }), notices);
  }
  return number;
}

}  // namespace catena::agent
