// Who owns what, by the store; and which of the owners are proven to be dead.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/gc_kernel.h"
#include "agent/pods.h"
#include "common/base/result.h"
#include "common/cni/types.h"
#include "common/ipam/store.h"

namespace catena::agent {

struct Attached {
  cni::Attachment attachment;
  ipam::Owner owner;
  std::optional<ipam::Eni> own_eni;  // the exclusive one that it has
  std::vector<base::IpAddress> addresses;
  std::chrono::nanoseconds since_boot{};  // of the latest change
};

struct DeadOwner {
  Attached attached;
  std::string why;
};

struct Owners {
  std::map<std::string, Attached> alive;  // by the name of the host's link
  std::vector<DeadOwner> dead;
  std::vector<DeadOwner> doubtful;  // without a link, but not proven to be dead; also in `alive`
  std::set<int> slots;              // of ENIs
  std::set<int> own_slots;          // of these, of ENIs that `alive` have as their own

  bool owns(const std::string& link, const base::IpAddress& address) const;
  bool owned(const base::IpAddress& address) const;
};

// Dead is who has no link any more, neither on the host nor the NIC of an ENI of its own, and whose
// namespace is gone, or whose pod the API server does not list any more, and whose records are
// older than `older_than`.
base::Result<Owners> find_owners(ipam::Store& store, netlink::Socket& node, const PodsSeen* pods,
                                 std::chrono::seconds older_than);

}  // namespace catena::agent
