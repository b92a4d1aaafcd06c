// The rules of all pods under policy, in the kernel: in the node's table, and inside the namespaces
// of pods that have a NIC of their own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/backend.h"
#include "common/firewall/policies.h"
#include "common/netpol/record.h"
#include "common/netpol/rules.h"

namespace catena::agent {

using PolicyRecords = std::map<std::string, netpol::Record>;  // by Record::id()

// The guard's entries of the pod's link on the node; none where that has no guard.
std::vector<firewall::Entry> node_entries(const netpol::Record& record);

// Of the calling thread's namespace, which is the node's and stays the same. One thread at a time;
// that thread is inside a pod's namespace for as long as a call writes there, and nothing is kept
// open that would keep the namespace in being.
class PolicyKernel {
 public:
  // The first firewall() looks which of them the kernel has; catena-xtables is looked for beside
  // this program too.
  explicit PolicyKernel(firewall::Backend wanted) : wanted_(wanted) {}
  // kNftables or kIptables.
  base::Result<firewall::Backend> firewall();

  // What could not be written inside a pod: nothing of it, the node's rules are written all the
  // same. By Record::id().
  using Unwritten = std::map<std::string, base::Error>;

  // All of it, whatever is there; every pod is let through the guard, in the same transaction.
  // A subject that is not among them stays where `keeps` says so.
  using Keeps = firewall::Policies::Keeps;
  base::Result<Unwritten> sync(const netpol::Rules& rules, const PolicyRecords& records,
                               const Keeps& keeps);
  // After `changes` led to `rules`: the guard lets `entered` through. All of it where somebody
  // touched what was there.
  base::Result<Unwritten> follow(const netpol::Changes& changes, const netpol::Rules& rules,
                                 const PolicyRecords& records,
                                 const std::vector<const netpol::Record*>& entered,
                                 const Keeps& keeps);
  // The guard lets nothing of this pod through any more; its rules end later. Also where there is
  // nothing of it.
  base::Status shut(const netpol::Record& record);
  // Of one pod with a NIC of its own. Success where its namespace is gone.
  base::Status sync_nic(const netpol::Rules& rules, const netpol::Record& record);

  // A sentence for each thing that the kernel has otherwise for this pod, on the node or inside it.
  // Changes nothing.
  base::Result<std::vector<std::string>> differences(const netpol::Rules& rules,
                                                     const netpol::Record& record);

  // How often follow() found that somebody had touched what it left.
  std::uint64_t disturbed() const { return disturbed_; }

 private:
  base::Result<firewall::Policies*> node();
  base::Status shut_by_nftables(const netpol::Record& record);
  base::Result<std::vector<std::string>> differences_here(const netpol::Rules& rules,
                                                          const netpol::Record& record,
                                                          firewall::Place place);
  base::Status sync_node(const netpol::Rules& rules, const PolicyRecords& records,
                         const Keeps& keeps);

  firewall::Backend wanted_;
  std::optional<firewall::Backend> firewall_;
  std::optional<firewall::Policies> node_;
  std::uint64_t disturbed_ = 0;
};

}  // namespace catena::agent
