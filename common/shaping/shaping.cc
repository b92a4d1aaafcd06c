#include "common/shaping/shaping.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/error_list.h"
#include "common/base/hash.h"
#include "common/shaping/detour.h"
#include "common/shaping/queue.h"

namespace catena::shaping {
namespace {

using base::ErrorKind;
using base::Result;
using base::Status;
using netlink::AddressEnd;
using netlink::Link;
using netlink::Socket;
using Differences = std::vector<std::string>;

constexpr std::uint64_t kNameSeed = 4;      // other than the seeds of other names and addresses
constexpr std::size_t kLongestAlias = 255;  // IFALIASZ - 1

struct Place {
  Socket* node;
  Socket* pod;
};

// The queues and detours of one pipe. What is not limited is listed too, with a rate of 0.
struct Plan {
  std::vector<Queue> queues;
  std::vector<Detour> detours;
};

std::string alias_of(const Shaped& shaped) {
  return (ifb_alias_prefix(shaped.network) + shaped.container_id + "/" + shaped.if_name)
      .substr(0, kLongestAlias);
}

Detour detour_of(const Shaped& shaped, Socket* socket, const Link& from) {
  return {.socket = socket,
          .from = from,
          .ifb = ifb_name(shaped.container_id, shaped.if_name),
          .alias = alias_of(shaped),
          .limit = {},
          .subnets = &shaped.subnets,
          .peer = AddressEnd::kSource};
}

// What a link of the pod sends leaves by it; what it receives left by its end on the node, or comes
// by a detour.
Plan plan_for(const Shaped& shaped, const Rates& rates, const Place& place, const Ends& ends) {
  const bool from_host = ends.host.has_value() && shaped.egress_from == EgressFrom::kHost;
  Plan plan;
  plan.queues.push_back({.socket = place.pod,
                         .link = ends.pod,
                         .limit = from_host ? Limit() : rates.egress,
                         .subnets = &shaped.subnets,
                         .peer = AddressEnd::kDestination});
  if (!ends.host.has_value()) {
    plan.detours.push_back(detour_of(shaped, place.pod, ends.pod));
    plan.detours.back().limit = rates.ingress;
    return plan;
  }
  plan.queues.push_back({.socket = place.node,
                         .link = *ends.host,
                         .limit = rates.ingress,
                         .subnets = &shaped.subnets,
                         .peer = AddressEnd::kSource});
  plan.detours.push_back(detour_of(shaped, place.node, *ends.host));
  plan.detours.back().peer = AddressEnd::kDestination;
  plan.detours.back().limit = from_host ? rates.egress : Limit();
  return plan;
}

Result<Ends> ends_of(const Place& place, const Pipe& pipe) {
  Ends ends;
  ends.pod = TRY(place.pod->find_link(pipe.pod_link));
  if (!pipe.host_link.empty()) {
    ends.host = TRY(place.node->find_link(pipe.host_link));
  }
  return ends;
}

Result<std::optional<Link>> find_if_there(Socket& socket, const std::string& name) {
  Result<Link> link = socket.find_link(name);
  if (link.ok()) {
    return std::optional<Link>(*std::move(link));
  }
  return link.error().is(ErrorKind::kNotFound) ? Result<std::optional<Link>>(std::nullopt)
                                               : Result<std::optional<Link>>(link.error());
}

// Whatever of ours is on the link.
Status clear_link(Socket& socket, const std::string& name, const std::string& ifb) {
  const auto link = TRY(find_if_there(socket, name));
  if (!link.has_value()) {
    return {};
  }
  base::ErrorList failures;
  failures.add(remove_queue(socket, *link));
  failures.add(remove_detour(socket, *link, ifb));
  return failures.to_status();
}

Result<Link> host_end_among(Socket& node, const Link& pod,
                            const std::vector<std::string>& host_links) {
  const auto end = TRY(node.find_link(pod.peer_index));
  if (std::ranges::find(host_links, end.name) == host_links.end()) {
    return base::Error(ErrorKind::kDiffers,
                       "the other end of " + pod.name + " is " + end.name +
                           ", which the result of ADD does not name among the node's interfaces")
        .advice("put catena-bandwidth behind the plugin that makes the pod's interface");
  }
  return end;
}

Result<Link> host_end_by_index(Socket& node, const Link& pod) {
  Link end = TRY(node.find_link(pod.peer_index));
  // An index says nothing in another namespace: the peer must lead back.
  if (end.kind != "veth" || end.peer_index != pod.index) {
    return base::Error(ErrorKind::kDiffers,
                       "the other end of " + pod.name + " is not in the node's namespace");
  }
  return end;
}

Result<Ends> with_host_end(Socket& node, Link link, const std::vector<std::string>& host_links) {
  Ends ends{.pod = std::move(link), .host = {}};
  if (ends.pod.kind == "veth") {
    ends.host = host_links.empty() ? TRY(host_end_by_index(node, ends.pod))
                                   : TRY(host_end_among(node, ends.pod, host_links));
  }
  return ends;
}

Status shape_pipe(const Place& place, const Shaped& shaped, const Rates& rates, const Ends& ends) {
  const Plan plan = plan_for(shaped, rates, place, ends);
  for (const Queue& queue : plan.queues) {
    TRY(set_queue(queue));
  }
  for (const Detour& detour : plan.detours) {
    TRY(set_detour(detour));
  }
  return {};
}

}  // namespace

std::string ifb_name(const std::string& container_id, const std::string& if_name) {
  // A NUL can be in neither part, so two attachments never give the same text.
  return kIfbPrefix + base::name_of_hash(base::hash64(container_id + '\0' + if_name, kNameSeed));
}

std::string ifb_alias_prefix(const std::string& network) {
  return "catena-bandwidth " + network + " ";
}

std::vector<Pipe> pipes_of(const std::vector<Ends>& ends) {
  std::vector<Pipe> pipes;
  pipes.reserve(ends.size());
  for (const Ends& of : ends) {
    pipes.push_back({.pod_link = of.pod.name, .host_link = of.host ? of.host->name : ""});
  }
  return pipes;
}

Result<std::vector<Ends>> find_ends(Socket& node, Socket& pod, const std::string& if_name,
                                    const std::vector<std::string>& host_links) {
  std::vector<Ends> ends;
  Link link = TRY(pod.find_link(if_name));
  ends.push_back(TRY(with_host_end(node, std::move(link), host_links)));
  if (ends.front().host.has_value() || if_name == kHostLink) {
    return ends;
  }
  auto to_host = TRY(find_if_there(pod, kHostLink));
  if (to_host.has_value()) {
    ends.push_back(TRY(with_host_end(node, *std::move(to_host), host_links)));
  }
  return ends;
}

Result<std::vector<Pipe>> find_pipes(Socket& node, Socket& pod, const std::string& if_name,
                                     const std::vector<std::string>& host_links) {
  return pipes_of(TRY(find_ends(node, pod, if_name, host_links)));
}

Status shape(Socket& node, Socket& pod, const Shaped& shaped, const Rates& rates) {
  const Place place{.node = &node, .pod = &pod};
  for (const Pipe& pipe : shaped.pipes) {
    const Ends ends = TRY(ends_of(place, pipe));
    TRY(shape_pipe(place, shaped, rates, ends));
  }
  return {};
}

Status shape(Socket& node, Socket& pod, const Shaped& shaped, const std::vector<Ends>& ends,
             const Rates& rates) {
  const Place place{.node = &node, .pod = &pod};
  for (const Ends& of_pipe : ends) {
    TRY(shape_pipe(place, shaped, rates, of_pipe));
  }
  return {};
}

Status remove(Socket& node, Socket* pod, const Shaped& shaped) {
  const std::string ifb = ifb_name(shaped.container_id, shaped.if_name);
  base::ErrorList failures;
  for (const Pipe& pipe : shaped.pipes) {
    if (!pipe.host_link.empty()) {
      failures.add(clear_link(node, pipe.host_link, ifb));
    }
    if (pod != nullptr) {
      failures.add(clear_link(*pod, pipe.pod_link, ifb));
    }
  }
  failures.add(remove_ifb(node, ifb));
  if (pod != nullptr) {
    failures.add(remove_ifb(*pod, ifb));
  }
  return failures.to_status();
}

Result<Differences> differences(Socket& node, Socket& pod, const Shaped& shaped,
                                const Rates& rates) {
  const Place place{.node = &node, .pod = &pod};
  Differences found;
  for (const Pipe& pipe : shaped.pipes) {
    const auto ends = ends_of(place, pipe);
    if (!ends.ok() && ends.error().is(ErrorKind::kNotFound)) {
      found.push_back(ends.error().message());
      continue;
    }
    if (!ends.ok()) {
      return ends.error();
    }
    const Plan plan = plan_for(shaped, rates, place, *ends);
    for (const Queue& queue : plan.queues) {
      std::ranges::move(TRY(queue_differences(queue)), std::back_inserter(found));
    }
    for (const Detour& detour : plan.detours) {
      std::ranges::move(TRY(detour_differences(detour)), std::back_inserter(found));
    }
  }
  return found;
}

}  // namespace catena::shaping
