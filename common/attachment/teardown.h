// Undoing an ADD, whole or half: the one way it is done by DEL, by the rollback of ADD and by GC.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/firewall.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"

namespace catena::attachment {

struct Teardown {
  cni::Attachment attachment;
  std::string netns;  // empty or gone: the node's side only
  // What the runtime remembers of the pod's addresses, for a store that has lost its record.
  std::vector<base::IpAddress> remembered;
};

// What the store says that an attachment holds.
struct Held {
  cni::Attachment attachment;
  std::string netns;                       // Teardown::netns, or else that of ADD
  std::vector<base::IpAddress> addresses;  // not empty
  std::optional<ipam::Eni> eni;            // that has them
};

// Something else that a plugin's pods have. The table is null where the kernel has none.
using RemoveStep =
    std::function<base::Status(netlink::Socket& node, firewall::Table* table, const Held& held)>;

struct TeardownPlan {
  ipam::Store* store = nullptr;
  FirewallKeys firewall;
  // Only pods that have an exclusive ENI, which is released; otherwise only those that have none:
  // in a chain each pod is left to the plugin that serves it.
  bool exclusive = false;
  // Before and after the link goes (firewall::Table says why); may be empty.
  RemoveStep forget;
  RemoveStep remove;
};

// Removes the link, the pod's entries in the firewall, its rules in the sandbox, and frees its
// addresses last, so that nobody else gets them before they are out of use. Goes on after a failure
// and reports all; what is gone already is no failure. Appends to `notices` what the admin should
// read.
base::Status tear_down(const TeardownPlan& plan, const Teardown& what,
                       std::vector<std::string>& notices);

// DEL, with what the runtime remembers.
base::Status del(const cni::Request& request, const TeardownPlan& plan);
// For the rollback of an ADD that failed: what can't be undone is logged, and left to DEL and GC.
void undo_add(const cni::Request& request, const TeardownPlan& plan);

}  // namespace catena::attachment
