#include "plugins/policy/pod.h"

#include <algorithm>
#include <iterator>

#include "common/attachment/result.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"

namespace catena::policy {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;
using firewall::Place;
using netpol::Record;

// Where a pod's packets can be judged.
struct Way {
  std::string host_link;
  bool own_nic = false;
};

bool has_host_link(const cni::AddResult& result, const std::string& name) {
  return std::ranges::any_of(result.interfaces, [&name](const cni::Interface& link) {
    return link.name == name && link.sandbox.empty();
  });
}

// A veth whose other end is on the node sends everything through the node; anything else (macvlan,
// a NIC) goes past it.
Result<Way> way_in_kernel(const cni::Request& request) {
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  const netlink::Link inside = TRY(pod.find_link(request.args.attachment.if_name));
  if (inside.kind != "veth") {
    return Way{.host_link = {}, .own_nic = true};
  }
  auto node = TRY(netlink::Socket::open());
  auto end = node.find_link(inside.peer_index);
  if (!end.ok() && !end.error().is(ErrorKind::kNotFound)) {
    return std::move(end).error();
  }
  // An index says nothing in another namespace: the peer must lead back.
  if (!end.ok() || end->kind != "veth" || end->peer_index != inside.index) {
    return Way{.host_link = {}, .own_nic = true};
  }
  return Way{.host_link = end->name, .own_nic = false};
}

// What our own plugins make is known by its names and next hops.
Result<Way> way_of(const cni::Request& request) {
  const cni::Attachment& pod = request.args.attachment;
  const auto& result = request.config.prev_result;
  const std::string ours = podlink::host_link_name(pod);
  if (has_host_link(*result, ours)) {
    return Way{.host_link = ours, .own_nic = attachment::has_own_nic(result, pod)};
  }
  return way_in_kernel(request);
}

// Which interface an address is on need not be said (spec, "Success": "interface" is optional).
std::vector<IpAddress> addresses_of(const cni::Request& request) {
  const auto& result = request.config.prev_result;
  auto addresses = attachment::addresses_in(result, request.args.attachment);
  for (const cni::IpConfig& ip : result->ips) {
    if (!ip.interface.has_value()) {
      addresses.push_back(ip.address.address());
    }
  }
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace

Result<Record> record_of(const cni::Request& request, const Settings& settings) {
  const cni::Attachment& pod = request.args.attachment;
  const auto& result = request.config.prev_result;
  const auto misplaced = [](const std::string& why) {
    return Error(ErrorKind::kBadConfig, "prevResult: " + why)
        .advice("put catena-policy behind the plugin that makes the pod's interface");
  };
  if (attachment::pod_interface_in(result, pod) == nullptr) {
    return misplaced("there is no interface '" + pod.if_name + "' in a sandbox");
  }
  Record record;
  record.addresses = addresses_of(request);
  if (record.addresses.empty()) {
    return misplaced("the interface '" + pod.if_name + "' has no address");
  }
  Way way = TRY(way_of(request));
  record.network = request.config.name;
  record.container_id = pod.container_id;
  record.if_name = pod.if_name;
  record.netns = request.args.netns;
  record.host_link = std::move(way.host_link);
  record.own_nic = way.own_nic;
  record.pod_namespace = request.args.pod.name_space;
  record.pod_name = request.args.pod.name;
  record.pod_uid = request.args.pod.uid;
  record.closed_while_unknown = settings.on_unknown == OnUnknown::kDeny;
  return record;
}

std::vector<firewall::Entry> entries_of(const Record& record, Place place) {
  std::vector<firewall::Entry> entries;
  const bool guarded =
      place == Place::kPodNic || record.host_link.starts_with(podlink::kHostLinkPrefix);
  if (guarded) {
    const std::string& link = place == Place::kPodNic ? record.if_name : record.host_link;
    std::ranges::transform(record.addresses, std::back_inserter(entries),
                           [&link](const IpAddress& address) -> firewall::Entry {
                             return {link, address};
                           });
  }
  return entries;
}

std::vector<Place> places_of(const Record& record) {
  return record.own_nic ? std::vector{Place::kNode, Place::kPodNic} : std::vector{Place::kNode};
}

Status run_in(Place place, const Record& record, const std::function<Status()>& work) {
  if (place == Place::kNode) {
    return work();
  }
  const auto sandbox = TRY(netlink::NetNs::open(record.netns));
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(sandbox));
  return work().context("inside the pod's namespace");
}

bool is_gone(const Error& error) {
  return error.is(ErrorKind::kNotFound) || error.is(ErrorKind::kBadNetns);
}

}  // namespace catena::policy
