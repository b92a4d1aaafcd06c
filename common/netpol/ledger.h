// The rules, and what they were when somebody last asked. Internal to this folder.
#pragma once

#include <set>
#include <string>

#include "common/netpol/rules.h"

namespace catena::netpol {

class Ledger {
 public:
  const Rules& rules() const { return rules_; }

  // What is put as it is already is no change.
  void put(const std::string& name, Set set);
  void put(const std::string& name, Chain chain);
  void put(const std::string& id, Subject subject);
  void erase_set(const std::string& name);
  void erase_chain(const std::string& name);
  void erase_subject(const std::string& id);
  // Of a set that is there.
  void add_member(const std::string& name, const base::IpAddress& address);
  void remove_member(const std::string& name, const base::IpAddress& address);
  // These instead of those that the set has at this address.
  void replace_endpoints(const std::string& name, const base::IpAddress& address,
                         const std::vector<Endpoint>& endpoints);

  // Since the last time.
  Changes take();

 private:
  Rules rules_;
  Rules before_;  // of what is touched, as it was
  std::set<std::string> touched_sets_;
  std::set<std::string> touched_chains_;
  std::set<std::string> touched_subjects_;
};

}  // namespace catena::netpol
