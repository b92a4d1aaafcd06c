// NetworkPolicies, namespaces and pods in, rules for the pods of this node out. Pure; a change
// touches what depends on it and nothing else.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/netpol/objects.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

using Key = std::pair<std::string, std::string>;  // namespace, name

// A pod of this node that gets rules.
struct LocalPod {
  std::string id;  // names it in Rules::subjects; at most 16 letters and digits
  std::string space;
  std::string name;
  // Of which pod of that name; empty: of whichever has it.
  std::string uid;
  // Those that the chain gave it; with those that the API server knows of it, the subject's.
  std::vector<base::IpAddress> addresses;
  // That its object may name yet, but another pod of the node has by now.
  std::vector<base::IpAddress> lost;
  // While no such pod is known: isolated in both directions, with nothing allowed; or not at all.
  bool closed_while_unknown = true;
  // In a direction in which it is not isolated there is nothing to be said of it; it is a subject
  // all the same.
  auto operator<=>(const LocalPod&) const = default;
};

// One thread at a time.
class Compiler {
 public:
  Compiler();
  Compiler(Compiler&&) noexcept;
  Compiler& operator=(Compiler&&) noexcept;
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler();

  // In the place of the one of the same name. What an equal one replaces changes nothing.
  void put(Policy policy);
  void put(Namespace space);
  void put(Pod pod);
  // Nothing where there is none.
  void remove_policy(const Key& key);
  void remove_namespace(const std::string& name);
  void remove_pod(const Key& key);

  void put(LocalPod pod);
  void remove_local(const std::string& id);

  // Whether the pod object that this local pod is named for is there.
  bool knows(const LocalPod& pod) const;

  // The rules of all local pods, and no set or chain that none of them needs.
  const Rules& rules();
  // What changed in rules() since the last call; from nothing, the first time.
  Changes take_changes();

  // For snapshots and for listing what a relist lacks.
  const std::map<Key, Policy>& policies() const;
  const std::map<std::string, Namespace>& namespaces() const;
  const std::map<Key, Pod>& pods() const;

  // With those that only this node knows of. Empty where the pod is neither subject nor peer.
  std::vector<base::IpAddress> addresses_of(const Pod& pod) const;
  // Peers at this address; more than one where the API server has not heard yet of one's end.
  std::vector<const Pod*> pods_at(const base::IpAddress& address) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace catena::netpol
