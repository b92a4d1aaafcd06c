#include "common/netpol/ledger.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/netpol/compare.h"
#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

template <typename T>
using Named = std::map<std::string, T>;

template <typename T>
void remember(const Named<T>& now, Named<T>& before, std::set<std::string>& touched,
              const std::string& name) {
  if (!touched.insert(name).second) {
    return;
  }
  if (const auto found = now.find(name); found != now.end()) {
    before.insert(*found);
  }
}

template <typename T>
const T* find_in(const Named<T>& named, const std::string& name) {
  const auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
}

template <typename T>
void compare_all(const std::set<std::string>& names, const Named<T>& before, const Named<T>& now,
                 Changes& changes) {
  for (const std::string& name : names) {
    const T* have = find_in(before, name);
    const T* want = find_in(now, name);
    if (have != nullptr || want != nullptr) {
      compare(name, have, want, changes);
    }
  }
}

template <typename T>
bool has_equal(const Named<T>& named, const std::string& name, const T& value) {
  const T* found = find_in(named, name);
  return found != nullptr && *found == value;
}

}  // namespace

void Ledger::put(const std::string& name, Set set) {
  if (!has_equal(rules_.sets, name, set)) {
    remember(rules_.sets, before_.sets, touched_sets_, name);
    rules_.sets.insert_or_assign(name, std::move(set));
  }
}

void Ledger::put(const std::string& name, Chain chain) {
  if (!has_equal(rules_.chains, name, chain)) {
    remember(rules_.chains, before_.chains, touched_chains_, name);
    rules_.chains.insert_or_assign(name, std::move(chain));
  }
}

void Ledger::put(const std::string& id, Subject subject) {
  if (!has_equal(rules_.subjects, id, subject)) {
    remember(rules_.subjects, before_.subjects, touched_subjects_, id);
    rules_.subjects.insert_or_assign(id, std::move(subject));
  }
}

void Ledger::erase_set(const std::string& name) {
  remember(rules_.sets, before_.sets, touched_sets_, name);
  rules_.sets.erase(name);
}

void Ledger::erase_chain(const std::string& name) {
  remember(rules_.chains, before_.chains, touched_chains_, name);
  rules_.chains.erase(name);
}

void Ledger::erase_subject(const std::string& id) {
  remember(rules_.subjects, before_.subjects, touched_subjects_, id);
  rules_.subjects.erase(id);
}

void Ledger::add_member(const std::string& name, const base::IpAddress& address) {
  Set& set = rules_.sets.at(name);
  if (!std::ranges::binary_search(set.addresses, address)) {
    remember(rules_.sets, before_.sets, touched_sets_, name);
    insert_sorted(set.addresses, address);
  }
}

void Ledger::remove_member(const std::string& name, const base::IpAddress& address) {
  Set& set = rules_.sets.at(name);
  const auto at = std::ranges::lower_bound(set.addresses, address);
  if (at != set.addresses.end() && *at == address) {
    remember(rules_.sets, before_.sets, touched_sets_, name);
    set.addresses.erase(at);
  }
}

void Ledger::replace_endpoints(const std::string& name, const base::IpAddress& address,
                               const std::vector<Endpoint>& endpoints) {
  Set& set = rules_.sets.at(name);
  const auto begin = std::ranges::lower_bound(set.endpoints, address, {}, &Endpoint::address);
  const auto end = std::ranges::upper_bound(set.endpoints, address, {}, &Endpoint::address);
  if (std::equal(begin, end, endpoints.begin(), endpoints.end())) {
    return;
  }
  remember(rules_.sets, before_.sets, touched_sets_, name);
  const auto at = set.endpoints.erase(begin, end);
  set.endpoints.insert(at, endpoints.begin(), endpoints.end());
}

Changes Ledger::take() {
  Changes changes;
  compare_all(touched_sets_, before_.sets, rules_.sets, changes);
  compare_all(touched_chains_, before_.chains, rules_.chains, changes);
  compare_all(touched_subjects_, before_.subjects, rules_.subjects, changes);
  before_ = {};
  touched_sets_.clear();
  touched_chains_.clear();
  touched_subjects_.clear();
  return changes;
}

}  // namespace catena::netpol
