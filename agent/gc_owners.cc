#include "agent/gc_owners.h"

#include <algorithm>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/enilink/nic.h"
#include "common/netlink/netns.h"
#include "common/podlink/names.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using base::Result;

using Enis = std::map<std::string, ipam::Eni>;  // exclusive ones by id

std::map<std::string, Attached> attachments_in(const std::vector<ipam::Record>& records,
                                               const Enis& enis) {
  std::map<std::string, Attached> attachments;
  for (const ipam::Record& record : records) {
    if (record.state != ipam::State::kBound) {
      continue;
    }
    const cni::Attachment attachment{record.owner.container_id, record.owner.if_name};
    Attached& attached = attachments[podlink::host_link_name(attachment)];
    attached.attachment = attachment;
    attached.owner = record.owner;
    if (const auto eni = enis.find(record.pool); eni != enis.end()) {
      attached.own_eni = eni->second;
    }
    attached.addresses.push_back(record.address);
    attached.since_boot = std::max(attached.since_boot, record.since_boot);
  }
  return attachments;
}

// A directory that this process does not see says nothing about what is in it.
bool namespace_is_gone(const std::string& path) {
  const auto sandbox = netlink::NetNs::open(path);
  if (sandbox.ok() || path.empty()) {
    return false;
  }
  if (sandbox.error().is(ErrorKind::kBadNetns)) {
    return true;
  }
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  return sandbox.error().is(ErrorKind::kNotFound) &&
         (path.starts_with("/proc/") || ::access(directory.c_str(), X_OK) == 0);
}

// Whether the pod's namespace is there and the NIC of its own ENI in it: such a pod may do without
// a link on the host.
Result<bool> has_its_nic(const Attached& attached) {
  if (!attached.own_eni.has_value()) {
    return false;
  }
  const auto sandbox = netlink::NetNs::open(attached.owner.netns);
  if (!sandbox.ok()) {
    return false;
  }
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  return TRY(enilink::find_nic(pod, attached.own_eni->mac)).has_value();
}

// Asked now: it may have come since the view of the kernel was taken.
Result<bool> has_link(netlink::Socket& node, const std::string& name, const Attached& attached) {
  const auto link = node.find_link(name);
  if (!link.ok() && !link.error().is(ErrorKind::kNotFound)) {
    return link.error();
  }
  return link.ok() || TRY(has_its_nic(attached));
}

// Empty where there is no proof.
std::string proof_of_death(const Attached& attached, const PodsSeen* pods) {
  if (namespace_is_gone(attached.owner.netns)) {
    return "its link and its namespace " + attached.owner.netns + " are gone";
  }
  if (pods != nullptr && !attached.owner.pod.empty() &&
      !pods->present.contains(attached.owner.pod)) {
    return "its link is gone, and the API server has no pod " + attached.owner.pod +
           " on this node";
  }
  return {};
}

}  // namespace

bool Owners::owns(const std::string& link, const base::IpAddress& address) const {
  const auto found = alive.find(link);
  return found != alive.end() &&
         std::ranges::find(found->second.addresses, address) != found->second.addresses.end();
}

bool Owners::owned(const base::IpAddress& address) const {
  return std::ranges::any_of(alive, [&address](const auto& item) {
    return std::ranges::find(item.second.addresses, address) != item.second.addresses.end();
  });
}

Result<Owners> find_owners(ipam::Store& store, netlink::Socket& node, const PodsSeen* pods,
                           std::chrono::seconds older_than) {
  Owners owners;
  Enis exclusive;
  for (const ipam::Eni& eni : TRY(store.cloud()).enis) {
    owners.slots.insert(eni.slot);
    if (eni.mode == ipam::kExclusiveMode) {
      exclusive.emplace(eni.id, eni);
    }
  }
  const std::chrono::nanoseconds now = base::system_clock().since_boot();
  for (auto& [link_name, attached] : attachments_in(TRY(store.list()), exclusive)) {
    const bool settled =
        !TRY(has_link(node, link_name, attached)) && now - attached.since_boot >= older_than;
    const std::string proof = settled ? proof_of_death(attached, pods) : std::string();
    if (!proof.empty()) {
      owners.dead.push_back({std::move(attached), proof});
      continue;
    }
    if (settled) {
      owners.doubtful.push_back({attached, "its link is gone, but nothing says that the pod is"});
    }
    if (attached.own_eni.has_value()) {
      owners.own_slots.insert(attached.own_eni->slot);
    }
    owners.alive.emplace(link_name, std::move(attached));
  }
  return owners;
}

}  // namespace catena::agent
