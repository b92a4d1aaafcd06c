#include "common/netpol/rules.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "common/netpol/compare.h"

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

template <typename T>
const T* find_in(const std::map<std::string, T>& named, const std::string& name) {
  const auto found = named.find(name);
  return found == named.end() ? nullptr : &found->second;
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

void compare(const std::string& name, const Set* have, const Set* want, Changes& changes) {
  if (want == nullptr) {
    changes.gone_sets.push_back(name);
  } else if (have == nullptr) {
    changes.new_sets.emplace(name, *want);
  } else if (*have != *want) {
    changes.members.emplace(name, Changes::Members{.added = members_missing(*want, *have),
                                                   .removed = members_missing(*have, *want)});
  }
}

void compare(const std::string& name, const Chain* have, const Chain* want, Changes& changes) {
  if (want == nullptr) {
    changes.gone_chains.push_back(name);
  } else if (have == nullptr || *have != *want) {
    changes.chains.emplace(name, *want);
  }
}

void compare(const std::string& id, const Subject* have, const Subject* want, Changes& changes) {
  if (want == nullptr) {
    changes.gone_subjects.emplace(id, *have);
  } else if (have == nullptr) {
    changes.subjects.emplace(id, Changes::SubjectChange{.now = *want, .before = {}});
  } else if (*have != *want) {
    changes.subjects.emplace(id, Changes::SubjectChange{.now = *want, .before = *have});
  }
}

Changes difference(const Rules& have, const Rules& want) {
  Changes changes;
  const auto compare_all = [&](const auto& old, const auto& now) {
    for (const auto& [name, value] : now) {
      compare(name, find_in(old, name), &value, changes);
    }
    for (const auto& [name, value] : old) {
      if (!now.contains(name)) {
        compare(name, &value, find_in(now, name), changes);
      }
    }
  };
  compare_all(have.sets, want.sets);
  compare_all(have.chains, want.chains);
  compare_all(have.subjects, want.subjects);
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
