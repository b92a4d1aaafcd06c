#include "xtables/family.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "xtables/apart.h"
#include "xtables/encoder.h"
#include "xtables/table.h"

namespace catena::xtables {
namespace {

using base::Family;
using base::Result;
using base::Status;

// Somebody without the lock changed the table between our reading and our writing.
constexpr int kTries = 5;

bool is_ours(const std::string& chain) { return chain.starts_with(kChainPrefix); }

bool is_list(const std::string& chain) {
  return chain.starts_with("CATENA-IL-") || chain.starts_with("CATENA-EL-");
}

std::vector<std::string> our_chains(const Table& table) {
  std::vector<std::string> ours;
  std::ranges::copy_if(table.chains(), std::back_inserter(ours), is_ours);
  return ours;
}

// Read from the rules that lead to lists.
std::set<Isolation> isolations_in(const Table& table, Family family) {
  std::set<Isolation> found;
  for (const std::string& chain : our_chains(table)) {
    if (is_list(chain)) {
      continue;
    }
    for (const Held& rule : table.rules(chain)) {
      if (!is_list(rule.target)) {
        continue;
      }
      const EntryFacts facts = facts_of(family, rule.entry);
      const bool incoming = rule.target.starts_with("CATENA-IL-");
      found.insert({.direction = incoming ? Direction::kIngress : Direction::kEgress,
                    .address = (incoming ? facts.destination : facts.source).address(),
                    .subject = facts.comment,
                    .list = rule.target});
    }
  }
  return found;
}

// The isolations that shall be there.
std::set<Isolation> wanted_isolations(const Table& table, Family family, const Wish& wish) {
  std::set<Isolation> wanted = wish.layout.isolations;
  if (!wish.everything) {
    for (const Isolation& one : isolations_in(table, family)) {
      if (!wish.subjects.contains(one.subject)) {
        wanted.insert(one);
      }
    }
  }
  return wanted;
}

struct Entries {
  std::vector<std::string> entries;
  std::vector<std::string> targets;
};

// One family's table on its way to what is wished.
class Writer {
 public:
  Writer(Table& table, Family family)
      : table_(table), family_(family), encoder_(family, end_apart) {}

  Result<bool> write(const Wish& wish) {
    const std::set<Isolation> isolations = wanted_isolations(table_, family_, wish);
    if (isolations.empty() && our_chains(table_).empty()) {
      return false;
    }
    std::map<std::string, Entries> wanted = encode(paths_of(isolations, family_, wish.nic));
    wanted.merge(encode(wish.layout.lists));
    std::set<std::string> keep;
    for (const Isolation& one : isolations) {
      keep.insert(one.list);
    }
    TRY(make(wanted, keep));
    TRY(fill(wanted));
    TRY(hook(wish.nic));
    TRY(sweep(wanted, keep));
    return changed_;
  }

  std::vector<std::string> differences(const Wish& wish) {
    std::vector<std::string> found;
    const std::set<Isolation> isolations = wanted_isolations(table_, family_, wish);
    if (isolations.empty() && our_chains(table_).empty()) {
      return found;
    }
    std::map<std::string, Entries> wanted = encode(paths_of(isolations, family_, wish.nic));
    wanted.merge(encode(wish.layout.lists));
    for (const auto& [chain, entries] : wanted) {
      if (!table_.has_chain(chain)) {
        found.push_back(sentence("chain " + chain + " is missing"));
      } else if (!holds(chain, entries)) {
        found.push_back(sentence("chain " + chain + " has other rules"));
      }
    }
    for (const Hook& hook : hooks_of(wish.nic)) {
      if (!is_hooked(hook)) {
        found.push_back(
            sentence("the first rule of " + hook.chain + " does not lead to " + hook.rule.target));
      }
    }
    if (wish.everything) {
      for (const std::string& chain : our_chains(table_)) {
        if (!wanted.contains(chain)) {
          found.push_back(sentence("chain " + chain + " is too many"));
        }
      }
    }
    return found;
  }

  Result<bool> clear() {
    for (const std::string& chain : {std::string("POSTROUTING"), std::string("INPUT")}) {
      TRY(unhook(chain, is_ours));
    }
    const std::vector<std::string> ours = our_chains(table_);
    TRY(remove(ours));
    return changed_;
  }

 private:
  std::string sentence(const std::string& text) const {
    return std::string(name_of(family_)) + ": " + text + " (table mangle)";
  }

  std::map<std::string, Entries> encode(const Chains& chains) {
    std::map<std::string, Entries> encoded;
    for (const auto& [name, rules] : chains) {
      Entries& entries = encoded[name];
      entries.entries.reserve(rules.size());
      entries.targets.reserve(rules.size());
      for (const Rule& rule : rules) {
        entries.entries.push_back(encoder_.entry(rule));
        entries.targets.push_back(rule.target);
      }
    }
    return encoded;
  }

  bool is_same(const Held& held, const std::string& entry, const std::string& target) const {
    return held.target == target && essence_of(family_, held.entry) == essence_of(family_, entry);
  }

  bool holds(const std::string& chain, const Entries& wanted) const {
    const std::vector<Held> held = table_.rules(chain);
    if (held.size() != wanted.entries.size()) {
      return false;
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (!is_same(held[i], wanted.entries[i], wanted.targets[i])) {
        return false;
      }
    }
    return true;
  }

  // Every chain that rules will lead to.
  Status make(const std::map<std::string, Entries>& wanted, const std::set<std::string>& keep) {
    for (const auto& [chain, entries] : wanted) {
      if (!table_.has_chain(chain)) {
        TRY(table_.create(chain));
        changed_ = true;
      }
    }
    for (const std::string& chain : keep) {
      if (!table_.has_chain(chain)) {
        return base::Error(base::ErrorKind::kInternal, "there is no chain " + chain);
      }
    }
    return {};
  }

  Status fill(const std::map<std::string, Entries>& wanted) {
    for (const auto& [chain, entries] : wanted) {
      if (holds(chain, entries)) {
        continue;
      }
      TRY(table_.flush(chain));
      for (const std::string& entry : entries.entries) {
        TRY(table_.append(chain, entry));
      }
      changed_ = true;
    }
    return {};
  }

  bool is_hooked(const Hook& hook) {
    const std::vector<Held> rules = table_.rules(hook.chain);
    const auto leads = [&hook](const Held& rule) { return rule.target == hook.rule.target; };
    return !rules.empty() && is_same(rules.front(), encoder_.entry(hook.rule), hook.rule.target) &&
           std::ranges::count_if(rules, leads) == 1;
  }

  template <typename Test>
  Status unhook(const std::string& chain, Test leads) {
    const std::vector<Held> rules = table_.rules(chain);
    for (std::size_t place = rules.size(); place-- > 0;) {
      if (leads(rules[place].target)) {
        TRY(table_.remove_rule(chain, static_cast<unsigned>(place)));
        changed_ = true;
      }
    }
    return {};
  }

  Status hook(const std::string& nic) {
    for (const Hook& hook : hooks_of(nic)) {
      if (is_hooked(hook)) {
        continue;
      }
      TRY(unhook(hook.chain,
                 [&hook](const std::string& target) { return target == hook.rule.target; }));
      TRY(table_.insert_first(hook.chain, encoder_.entry(hook.rule)));
      changed_ = true;
    }
    return {};
  }

  Status sweep(const std::map<std::string, Entries>& wanted, const std::set<std::string>& keep) {
    std::vector<std::string> gone;
    std::ranges::copy_if(our_chains(table_), std::back_inserter(gone),
                         [&wanted, &keep](const std::string& chain) {
                           return !wanted.contains(chain) && !keep.contains(chain);
                         });
    return remove(gone);
  }

  // They may lead to one another.
  Status remove(const std::vector<std::string>& chains) {
    for (const std::string& chain : chains) {
      TRY(table_.flush(chain));
    }
    for (const std::string& chain : chains) {
      TRY(table_.remove(chain));
      changed_ = true;
    }
    return {};
  }

  Table& table_;
  Family family_;
  Encoder encoder_;
  bool changed_ = false;
};

// Reads, lets `work` change, writes; again where somebody else wrote meanwhile.
template <typename Work>
Result<bool> change(Family family, Work work) {
  for (int tries = 1;; ++tries) {
    Table table = TRY(Table::open(family));
    Writer writer(table, family);
    Result<bool> changed = work(writer);
    if (!changed.ok() || !*changed) {
      return changed;
    }
    const Status written = table.commit();
    if (written.ok()) {
      return true;
    }
    if (written.error().sys_errno() != EAGAIN || tries == kTries) {
      return written.error();
    }
  }
}

}  // namespace

Result<bool> write_family(Family family, const Wish& wish) {
  return change(family, [&wish](Writer& writer) { return writer.write(wish); });
}

Result<std::vector<std::string>> family_differences(Family family, const Wish& wish) {
  Table table = TRY(Table::open(family));
  return Writer(table, family).differences(wish);
}

Result<std::vector<std::string>> family_subjects(Family family) {
  const Table table = TRY(Table::open(family));
  std::set<std::string> subjects;
  for (const Isolation& one : isolations_in(table, family)) {
    subjects.insert(one.subject);
  }
  return std::vector<std::string>(subjects.begin(), subjects.end());
}

Result<bool> clear_family(Family family) {
  return change(family, [](Writer& writer) { return writer.clear(); });
}

Status try_extensions(Family family) {
  TRY(Table::open(family));
  Encoder encoder(family, end_apart);
  for (const char* const match :
       {"conntrack --ctstate RELATED,ESTABLISHED", "addrtype --src-type LOCAL",
        "comment --comment x", "tcp --dport 1:2", "udp --dport 1:2", "sctp --dport 1:2"}) {
    encoder.match(match);
  }
  if (family == Family::kIpv6) {
    encoder.match("icmp6 --icmpv6-type 133");
  }
  return {};
}

}  // namespace catena::xtables
