#include <algorithm>
#include <cctype>
#include <netinet/in.h>
#include <set>
#include <stdexcept>
#include <type_traits>

#include "tests/support/netpol/evaluator.h"

namespace catena::test::netpol {
namespace {

using catena::netpol::AddressRange;
using catena::netpol::Chain;
using catena::netpol::Changes;
using catena::netpol::Endpoint;
using catena::netpol::Rule;
using catena::netpol::Rules;
using catena::netpol::Set;
using catena::netpol::SetKind;
using catena::netpol::Subject;

using Sentences = std::vector<std::string>;

// common/netpol/rules.h: what nf_tables, ipset and iptables take.
constexpr std::size_t kLongestName = 24;
constexpr std::size_t kLongestId = 16;

bool is_name(const std::string& name, std::size_t longest) {
  return !name.empty() && name.size() <= longest &&
         std::all_of(name.begin(), name.end(), [](unsigned char letter) {
           return std::isalnum(letter) != 0 || letter == '-';
         });
}

template <typename T>
bool is_sorted_and_single(const std::vector<T>& list) {
  return std::adjacent_find(list.begin(), list.end(),
                            [](const T& one, const T& next) { return one >= next; }) == list.end();
}

void check_ranges(const std::string& name, const Set& set, Sentences& broken) {
  for (std::size_t at = 0; at < set.networks.size(); ++at) {
    const AddressRange& range = set.networks[at];
    if (range.first.family() != set.family || range.last.family() != set.family ||
        range.first > range.last) {
      broken.push_back(name + ": a range of another family, or one that ends before it begins");
    }
    if (at > 0 && set.networks[at - 1].last >= range.first.minus_one()) {
      broken.push_back(name + ": ranges that overlap or touch");
    }
  }
}

void check_set(const std::string& name, const Set& set, Sentences& broken) {
  if (!is_name(name, kLongestName)) {
    broken.push_back(name + ": no name for a set");
  }
  if (!is_sorted_and_single(set.addresses) || !is_sorted_and_single(set.endpoints)) {
    broken.push_back(name + ": not sorted, or a member twice");
  }
  const bool others_empty = (set.kind == SetKind::kAddresses || set.addresses.empty()) &&
                            (set.kind == SetKind::kNetworks || set.networks.empty()) &&
                            (set.kind == SetKind::kEndpoints || set.endpoints.empty());
  if (!others_empty) {
    broken.push_back(name + ": a list that is not of its kind");
  }
  const auto is_of_family = [&](const base::IpAddress& one) { return one.family() == set.family; };
  if (!std::all_of(set.addresses.begin(), set.addresses.end(), is_of_family) ||
      !std::all_of(set.endpoints.begin(), set.endpoints.end(),
                   [&](const Endpoint& one) { return is_of_family(one.address); })) {
    broken.push_back(name + ": a member of another family");
  }
  check_ranges(name, set, broken);
}

class Uses {
 public:
  Uses(const Rules& rules, Sentences& broken) : rules_(rules), broken_(broken) {}

  void check() {
    for (const auto& [id, subject] : rules_.subjects) {
      check_subject(id, subject);
    }
    for (const auto& [name, chain] : rules_.chains) {
      if (!chains_.contains(name)) {
        broken_.push_back(name + ": a chain that nobody needs");
      }
      for (const Rule& rule : chain.rules) {
        check_rule(name, rule);
      }
    }
    for (const auto& [name, set] : rules_.sets) {
      if (!sets_.contains(name)) {
        broken_.push_back(name + ": a set that nobody needs");
      }
    }
  }

 private:
  void check_subject(const std::string& id, const Subject& subject) {
    if (!is_name(id, kLongestId)) {
      broken_.push_back(id + ": no id for a subject");
    }
    if (!is_sorted_and_single(subject.addresses)) {
      broken_.push_back(id + ": addresses not sorted, or one twice");
    }
    for (const auto& chains : {subject.ingress, subject.egress}) {
      if (chains.has_value()) {
        check_jumps(id, *chains);
      }
    }
  }

  void check_jumps(const std::string& id, const std::vector<std::string>& chains) {
    if (!is_sorted_and_single(chains)) {
      broken_.push_back(id + ": chains not sorted, or one twice");
    }
    for (const std::string& name : chains) {
      chains_.insert(name);
      if (!rules_.chains.contains(name)) {
        broken_.push_back(id + ": leads to chain " + name + ", which is not there");
      }
    }
  }

  void check_rule(const std::string& chain, const Rule& rule) {
    if (!is_name(chain, kLongestName)) {
      broken_.push_back(chain + ": no name for a chain");
    }
    const bool known = rule.protocol == 0 || rule.protocol == IPPROTO_TCP ||
                       rule.protocol == IPPROTO_UDP || rule.protocol == IPPROTO_SCTP;
    const bool any_port = rule.first_port == 0 && rule.last_port == 0;
    if (!known || (rule.protocol == 0 && !any_port) || rule.first_port > rule.last_port) {
      broken_.push_back(chain + ": a rule for ports or protocols that are none");
    }
    check_use(chain, rule.peers, {SetKind::kAddresses, SetKind::kNetworks});
    check_use(chain, rule.endpoints, {SetKind::kEndpoints});
    if (!rule.peers.empty() && !rule.endpoints.empty() && rules_.sets.contains(rule.peers) &&
        rules_.sets.contains(rule.endpoints) &&
        rules_.sets.at(rule.peers).family != rules_.sets.at(rule.endpoints).family) {
      broken_.push_back(chain + ": a rule of sets of two families");
    }
  }

  void check_use(const std::string& chain, const std::string& set, const std::set<SetKind>& kinds) {
    if (set.empty()) {
      return;
    }
    sets_.insert(set);
    const auto found = rules_.sets.find(set);
    if (found == rules_.sets.end() || !kinds.contains(found->second.kind)) {
      broken_.push_back(chain + ": uses set " + set + ", which is not there or of another kind");
    }
  }

  const Rules& rules_;
  Sentences& broken_;
  std::set<std::string> chains_;
  std::set<std::string> sets_;
};

[[noreturn]] void misfit(const std::string& name, const std::string& what) {
  throw std::runtime_error("changes don't fit the rules: " + name + " " + what);
}

template <typename T>
void change_members(const std::string& name, std::vector<T>& have,
                    const std::vector<std::type_identity_t<T>>& added,
                    const std::vector<std::type_identity_t<T>>& removed) {
  std::set<T> now(have.begin(), have.end());
  for (const T& one : removed) {
    if (now.erase(one) == 0) {
      misfit(name, "lacks a member that is to go");
    }
  }
  for (const T& one : added) {
    if (!now.insert(one).second) {
      misfit(name, "has a member that is to come");
    }
  }
  have.assign(now.begin(), now.end());
}

template <typename T>
void take_out(std::map<std::string, T>& from, const std::string& name) {
  if (from.erase(name) == 0) {
    misfit(name, "is not there to go");
  }
}

void change_sets(Rules& rules, const Changes& changes) {
  for (const auto& [name, set] : changes.new_sets) {
    if (!rules.sets.emplace(name, set).second) {
      misfit(name, "is no new set");
    }
  }
  for (const auto& [name, members] : changes.members) {
    const auto found = rules.sets.find(name);
    if (found == rules.sets.end()) {
      misfit(name, "is no set that stays");
    }
    Set& set = found->second;
    if (set.kind != members.added.kind || set.family != members.added.family) {
      misfit(name, "is of another kind or family");
    }
    change_members(name, set.addresses, members.added.addresses, members.removed.addresses);
    change_members(name, set.networks, members.added.networks, members.removed.networks);
    change_members(name, set.endpoints, members.added.endpoints, members.removed.endpoints);
  }
  for (const std::string& name : changes.gone_sets) {
    take_out(rules.sets, name);
  }
}

}  // namespace

Sentences broken_promises(const Rules& rules) {
  Sentences broken;
  for (const auto& [name, set] : rules.sets) {
    check_set(name, set, broken);
  }
  Uses(rules, broken).check();
  return broken;
}

Rules applied(Rules have, const Changes& changes) {
  change_sets(have, changes);
  for (const auto& [name, chain] : changes.chains) {
    have.chains[name] = chain;
  }
  for (const std::string& name : changes.gone_chains) {
    take_out(have.chains, name);
  }
  for (const auto& [id, change] : changes.subjects) {
    const auto found = have.subjects.find(id);
    const bool is_new = found == have.subjects.end();
    if (is_new == change.before.has_value() || (!is_new && found->second != *change.before)) {
      misfit(id, "was not as the change says");
    }
    have.subjects[id] = change.now;
  }
  for (const auto& [id, subject] : changes.gone_subjects) {
    const auto found = have.subjects.find(id);
    if (found == have.subjects.end() || found->second != subject) {
      misfit(id, "was not as the change says");
    }
    have.subjects.erase(found);
  }
  return have;
}

}  // namespace catena::test::netpol
