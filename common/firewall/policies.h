// NetworkPolicies' rules in `table inet catena`: on the node, or inside the namespace of a pod that
// has a NIC of its own (docs/firewall.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/netpol/rules.h"

namespace catena::firewall {

enum class Place {
  kNode,  // what is forwarded to and from pods, and what they send to the node
  // What a pod's own NIC carries, inside its namespace. Judged are the interfaces of the entries
  // that were given: each sync() is to have them.
  kPodNic,
};

// One socket, of the calling thread's namespace at the time of open(). One thread at a time. Each
// call takes effect as a whole or not at all, and no packet passes that neither the rules of before
// nor those of after allow. It is one transaction, or two where a packet under way could meet rules
// of before with members of after; what only the second one allows comes with that.
class Policies {
 public:
  // kUnsupported, naming the kernel options, where the kernel has no nf_tables.
  static base::Result<Policies> open(Place place);

  // Success when this kernel can do all of it: tried in a table that is never seen.
  base::Status can_do();

  // The kernel holds exactly `want` afterwards, whatever was there before: changes as little as can
  // be, and no verdict that stays the same. `entries` are entered in the guard beside it. A subject
  // that `want` lacks stays as it is where `keeps` says so, as for one that somebody closed since
  // `want` was made, and then no set or chain is removed.
  using Keeps = std::function<bool(const std::string& subject)>;
  base::Status sync(const netpol::Rules& want, const std::vector<Entry>& entries = {},
                    const Keeps& keeps = nullptr);
  // From what the last sync() and apply() left. kTryAgain where somebody took something of it away:
  // sync() then.
  base::Status apply(const netpol::Changes& changes, const std::vector<Entry>& entries = {});
  // Chains, sets and maps that the pods share, and nothing in them: so that what follows is one
  // small change. Idempotent.
  base::Status ensure_base();

  // For a DEL without an agent. `entries` leave the guard before the subject goes, so that nothing
  // passes in between. What only it used is left to the next sync(). Success where there is
  // nothing. As Table::forget(), it makes nobody wait where the kernel can.
  base::Status remove_subject(const std::string& id, const std::vector<base::IpAddress>& addresses,
                              const std::vector<Entry>& entries = {});
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
