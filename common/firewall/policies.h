// NetworkPolicies' rules in `table inet catena`: on the node, or inside the namespace of a pod that
// has a NIC of its own (docs/firewall.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/netpol/rules.h"

namespace catena::firewall {

enum class Place {
  kNode,    // what is forwarded to and from pods, and what they send to the node
  kPodNic,  // what one pod's NIC carries: eth0 inside its namespace
};

// One socket, of the calling thread's namespace at the time of open(). One thread at a time. Each
// call is one transaction: what it does takes effect as a whole or not at all, and no packet sees
// it half done.
class Policies {
 public:
  // kUnsupported, naming the kernel options, where the kernel has no nf_tables.
  static base::Result<Policies> open(Place place);

  // Success when this kernel can do all of it: tried in a table that is never seen.
  base::Status can_do();

  // The kernel holds exactly `want` afterwards, whatever was there before: changes as little as can
  // be, and no verdict that stays the same. `entries` are entered in the guard beside it.
  base::Status sync(const netpol::Rules& want, const std::vector<Entry>& entries = {});
  // From what the last sync() and apply() left. kTryAgain where somebody took something of it away:
  // sync() then.
  base::Status apply(const netpol::Changes& changes, const std::vector<Entry>& entries = {});
  // Chains, sets and maps that the pods share, and nothing in them: so that what follows is one
  // small change. Idempotent.
  base::Status ensure_base();

  // For a DEL without an agent. What only it used is left to the next sync(). Success where there
  // is nothing. As Table::forget(), it makes nobody wait where the kernel can.
  base::Status remove_subject(const std::string& id, const std::vector<base::IpAddress>& addresses);
  // A subject that nobody has compiled for yet: isolated in both directions, with nothing allowed.
  base::Status close_subject(const std::string& id, const std::vector<base::IpAddress>& addresses,
                             const std::vector<Entry>& entries);

  // A sentence for each thing of this subject that is not as `want` says. Changes nothing.
  base::Result<std::vector<std::string>> differences(const netpol::Rules& want,
                                                     const std::string& subject);
  // Whether the base chains lead to the pods' rules. Changes nothing.
  base::Result<bool> has_base();
  // Ids of the subjects that the kernel has rules for.
  base::Result<std::vector<std::string>> subjects();

 private:
  class State;
  struct Close {
    void operator()(State* state) const;
  };
  explicit Policies(std::unique_ptr<State, Close> state) : state_(std::move(state)) {}
  std::unique_ptr<State, Close> state_;
};

}  // namespace catena::firewall
