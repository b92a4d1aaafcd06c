#include "common/netpol/ledger.h"

#include <algorithm>
#include <map>
#include <utility>

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
Named<T> picked(const Named<T>& from, const std::set<std::string>& names) {
  Named<T> picked;
  for (const std::string& name : names) {
    if (const auto found = from.find(name); found != from.end()) {
      picked.insert(*found);
    }
  }
  return picked;
}

template <typename T>
bool has_equal(const Named<T>& named, const std::string& name, const T& value) {
  const auto found = named.find(name);
  return found != named.end() && found->second == value;
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
  const auto have = std::ranges::equal_range(set.endpoints, address, {}, &Endpoint::address);
  if (std::ranges::equal(have, endpoints)) {
    return;
  }
  remember(rules_.sets, before_.sets, touched_sets_, name);
  const auto at = set.endpoints.erase(have.begin(), have.end());
  set.endpoints.insert(at, endpoints.begin(), endpoints.end());
}

Changes Ledger::take() {
  const Rules now{.sets = picked(rules_.sets, touched_sets_),
                  .chains = picked(rules_.chains, touched_chains_),
                  .subjects = picked(rules_.subjects, touched_subjects_)};
  Changes changes = difference(before_, now);
  before_ = {};
  touched_sets_.clear();
  touched_chains_.clear();
  touched_subjects_.clear();
  return changes;
}

}  // namespace catena::netpol
