// From whatever the kernel has to what it should have.
#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "common/firewall/policies_state.h"
#include "common/firewall/read.h"
#include "common/firewall/read_all.h"

namespace catena::firewall {
namespace {

constexpr base::Family kFamilies[] = {base::Family::kIpv4, base::Family::kIpv6};

// What the kernel has of ours.
struct Held {
  bool base = false;
  std::map<std::string, std::vector<std::string>> chains;  // tags of the rules
  std::map<std::string, FoundSet> sets;
};

std::vector<std::string> tags_of(const std::vector<Rule>& rules) {
  std::vector<std::string> tags;
  std::ranges::transform(rules, std::back_inserter(tags), &Rule::tag);
  return tags;
}

base::IpAddress address_of(base::Family family, const std::string& key) {
  return base::IpAddress::from_bytes(family, key.data());
}

class Sync {
 public:
  Sync(nl_sock* socket, const netpol::Rules& want, const Policies::Keeps& keeps)
      : socket_(socket), want_(want), keeps_(keeps) {}

  base::Status plan(Place place) {
    held_.base = TRY(is_in_place(socket_, policy_base(place)));
    if (!held_.base) {
      work.add_base(policy_base(place));
    }
    held_.chains = TRY(tags_by_chain(socket_, kTable));
    for (FoundSet& set : TRY(all_sets(socket_, kTable))) {
      const std::string name = set.name;
      held_.sets.emplace(name, std::move(set));
    }
    for (const auto& [name, set] : want_.sets) {
      TRY(plan_set(name, set));
    }
    for (const auto& [name, chain] : want_.chains) {
      plan_chain(name, TRY(rules_of(name, chain)));
    }
    for (const Direction direction : kDirections) {
      TRY(plan_subjects(direction));
    }
    plan_removals();
    return {};
  }

  Work work;
  std::vector<std::string> gone;  // chains of subjects, that the kernel may need some time yet

 private:
  base::Status plan_set(const std::string& name, const netpol::Set& set) {
    const auto held = held_.sets.find(name);
    if (held == held_.sets.end()) {
      work.add_set(name, set);
      return {};
    }
    const Set made = set_of(name, set);
    if (!held->second.is_kind_of(made)) {
      return base::Error(base::ErrorKind::kExists,
                         "set " + name + " of table inet catena is of another kind");
    }
    return made.interval ? plan_networks(made, set) : plan_members(made, set);
  }

  base::Status plan_networks(const Set& made, const netpol::Set& set) {
    std::set<std::string> wanted;
    for (const Element& element : elements_of(set)) {
      wanted.insert(element.key);
      if (element.end) {
        wanted.insert(*element.end);
      }
    }
    std::set<std::string> found;
    for (const FoundElement& element : TRY(elements_in(socket_, made))) {
      found.insert(element.key);
    }
    if (found != wanted) {
      work.replace_members(made.name, set);
    }
    return {};
  }

  base::Status plan_members(const Set& made, const netpol::Set& set) {
    std::set<std::string> unwanted;
    for (const FoundElement& element : TRY(settled_elements_in(socket_, made))) {
      unwanted.insert(element.key);
    }
    std::vector<Element> missing;
    for (Element& element : elements_of(set)) {
      if (unwanted.erase(element.key) == 0) {
        missing.push_back(std::move(element));
      }
    }
    std::vector<Element> surplus;
    std::ranges::transform(unwanted, std::back_inserter(surplus), [](const std::string& key) {
      return Element{key, std::nullopt, std::nullopt};
    });
    work.remove_members(made, surplus);
    work.add_members(made, missing);
    return {};
  }

  void plan_chain(const std::string& name, const std::vector<Rule>& rules) {
    const auto held = held_.chains.find(name);
    wanted_chains_.insert(name);
    if (held == held_.chains.end() || held->second != tags_of(rules)) {
      work.write_chain(name, rules, held != held_.chains.end());
    }
  }

  base::Status plan_subjects(Direction direction) {
    std::map<base::IpAddress, std::string> wanted;
    for (const auto& [id, subject] : want_.subjects) {
      const SubjectPart part = part_of(id, subject, direction);
      if (part.policies) {
        plan_chain(part.chain, rules_of_subject(*part.policies));
      }
      for (const base::IpAddress& address : part.addresses) {
        wanted.emplace(address, part.chain);
      }
    }
    for (const base::Family family : kFamilies) {
      TRY(plan_map(direction, family, wanted));
    }
    for (const auto& [address, chain] : wanted) {
      work.add_subject(direction, address, chain);
    }
    return {};
  }

  // Leaves in `wanted` what the map lacks.
  base::Status plan_map(Direction direction, base::Family family,
                        std::map<base::IpAddress, std::string>& wanted) {
    for (const FoundElement& found :
         TRY(settled_elements_in(socket_, subjects_map(direction, family)))) {
      if (found.key.size() != address_field(family).size) {
        continue;
      }
      const base::IpAddress address = address_of(family, found.key);
      const auto is = wanted.find(address);
      if (is == wanted.end()) {
        plan_leftover(direction, address, found);
        continue;
      }
      if (found.chain != is->second || found.expiring) {
        work.move_subject(direction, address, is->second);
      }
      wanted.erase(is);
    }
    return {};
  }

  void plan_leftover(Direction direction, const base::IpAddress& address,
                     const FoundElement& found) {
    if (!found.expiring && !is_kept(found.chain)) {
      work.remove_subject(direction, address);
    }
  }

  bool is_kept(const std::string& chain) {
    const std::string id = subject_of_chain(chain);
    const bool kept = keeps_ && !want_.subjects.contains(id) && keeps_(id);
    keeps_any_ = keeps_any_ || kept;
    return kept;
  }

  void plan_removals() {
    if (keeps_any_) {
      return;
    }
    for (const auto& [name, tags] : held_.chains) {
      if (wanted_chains_.contains(name)) {
        continue;
      }
      if (is_policy_chain(name)) {
        work.delete_chain(name);
      } else if (!subject_of_chain(name).empty()) {
        plan_chain_end(name, tags);
      }
    }
    for (const auto& [name, set] : held_.sets) {
      if (is_policy_set(name) && !want_.sets.contains(name)) {
        work.delete_set(name);
      }
    }
  }

  // An element that has expired may lead to it yet.
  void plan_chain_end(const std::string& name, const std::vector<std::string>& tags) {
    const std::vector<Rule> closed = rules_of_subject({});
    if (tags != tags_of(closed)) {
      work.write_chain(name, closed, /*is_in_use=*/true);
    }
    gone.push_back(name);
  }

  nl_sock* socket_;
  const netpol::Rules& want_;
  const Policies::Keeps& keeps_;
  Held held_;
  std::set<std::string> wanted_chains_;
  bool keeps_any_ = false;
};

}  // namespace

base::Status Policies::sync(const netpol::Rules& want, const std::vector<Entry>& entries,
                            const Keeps& keeps) {
  const std::vector<Change> entered = TRY(state_->entering_of(entries));
  nl_sock* const socket = state_->socket.get();
  std::vector<std::string> gone;
  const auto attempt = [&](std::uint32_t generation) -> base::Status {
    Sync sync(socket, want, keeps);
    TRY(sync.plan(state_->place));
    sync.work.add_at_end(entered);
    gone = std::move(sync.gone);
    return sync.work.commit(socket, generation);
  };
  TRY(explained(in_one_go(socket, attempt)).context("bring network policies into the kernel"));
  state_->chains.clear();
  for (const auto& [name, chain] : want.chains) {
    state_->chains.insert(name);
  }
  for (const std::string& chain : gone) {
    state_->leave_for_later(chain);
  }
  state_->delete_left(/*now=*/true);
  return {};
}

}  // namespace catena::firewall
