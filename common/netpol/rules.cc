#include "common/netpol/rules.h"

#include <algorithm>
#include <iterator>

namespace catena::netpol {
namespace {

template <typename T>
std::vector<T> missing_in(const std::vector<T>& from, const std::vector<T>& other) {
  std::vector<T> missing;
  std::ranges::set_difference(from, other, std::back_inserter(missing));
  return missing;
}

// What `from` has and `other` has not.
Set members_missing(const Set& from, const Set& other) {
  return {.kind = from.kind,
          .family = from.family,
          .addresses = missing_in(from.addresses, other.addresses),
          .networks = missing_in(from.networks, other.networks),
          .endpoints = missing_in(from.endpoints, other.endpoints)};
}

// A set of another kind or family can't become this one, whatever is added to it.
void compare_sets(const Rules& have, const Rules& want, Changes& changes) {
  for (const auto& [name, set] : want.sets) {
    const auto old = have.sets.find(name);
    if (old == have.sets.end()) {
      changes.new_sets.emplace(name, set);
    } else if (old->second != set) {
      changes.members.emplace(name, Changes::Members{.added = members_missing(set, old->second),
                                                     .removed = members_missing(old->second, set)});
    }
  }
  for (const auto& [name, set] : have.sets) {
    if (!want.sets.contains(name)) {
      changes.gone_sets.push_back(name);
    }
  }
}

void compare_chains(const Rules& have, const Rules& want, Changes& changes) {
  for (const auto& [name, chain] : want.chains) {
    const auto old = have.chains.find(name);
    if (old == have.chains.end() || old->second != chain) {
      changes.chains.emplace(name, chain);
    }
  }
  for (const auto& [name, chain] : have.chains) {
    if (!want.chains.contains(name)) {
      changes.gone_chains.push_back(name);
    }
  }
}

void compare_subjects(const Rules& have, const Rules& want, Changes& changes) {
  for (const auto& [id, subject] : want.subjects) {
    const auto old = have.subjects.find(id);
    if (old == have.subjects.end()) {
      changes.subjects.emplace(id, Changes::SubjectChange{.now = subject, .before = {}});
    } else if (old->second != subject) {
      changes.subjects.emplace(id, Changes::SubjectChange{.now = subject, .before = old->second});
    }
  }
  for (const auto& [id, subject] : have.subjects) {
    if (!want.subjects.contains(id)) {
      changes.gone_subjects.emplace(id, subject);
    }
  }
}

void copy_chain(const Rules& from, const std::string& name, Rules& to) {
  const auto chain = from.chains.find(name);
  if (chain == from.chains.end()) {
    return;
  }
  to.chains.insert(*chain);
  for (const Rule& rule : chain->second.rules) {
    for (const std::string& set : {rule.peers, rule.endpoints}) {
      if (const auto found = from.sets.find(set); found != from.sets.end()) {
        to.sets.insert(*found);
      }
    }
  }
}

}  // namespace

bool Changes::empty() const {
  return new_sets.empty() && members.empty() && gone_sets.empty() && chains.empty() &&
         gone_chains.empty() && subjects.empty() && gone_subjects.empty();
}

Changes difference(const Rules& have, const Rules& want) {
  Changes changes;
  compare_sets(have, want, changes);
  compare_chains(have, want, changes);
  compare_subjects(have, want, changes);
  return changes;
}

Rules only(const Rules& rules, const std::string& subject) {
  Rules kept;
  const auto found = rules.subjects.find(subject);
  if (found == rules.subjects.end()) {
    return kept;
  }
  kept.subjects.insert(*found);
  for (const auto& direction : {found->second.ingress, found->second.egress}) {
    for (const std::string& chain : direction.value_or(std::vector<std::string>())) {
      copy_chain(rules, chain, kept);
    }
  }
  return kept;
}

}  // namespace catena::netpol
