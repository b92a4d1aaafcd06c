#include "agent/policy/kernel.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>

#include "common/firewall/table.h"
#include "common/netlink/netns.h"
#include "common/podlink/names.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using firewall::Backend;
using firewall::Entry;
using firewall::Place;
using firewall::Policies;
using firewall::Xtables;
using netpol::Changes;
using netpol::Record;
using netpol::Rules;

// Others use iptables too; the loop that waits has more to do.
constexpr std::chrono::seconds kLockPatience{1};

std::vector<Entry> entries_of(const std::string& link, const Record& record) {
  std::vector<Entry> entries;
  entries.reserve(record.addresses.size());
  std::ranges::transform(record.addresses, std::back_inserter(entries),
                         [&link](const base::IpAddress& address) {
                           return Entry{link, address};
                         });
  return entries;
}

// Beside this program, and where plugins are.
std::vector<std::string> places_of_programs() {
  std::error_code failure;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::vector<std::string>() : std::vector{program.parent_path().string()};
}

Result<Xtables> open_xtables() {
  return TRY(Xtables::find(places_of_programs())).with_patience(kLockPatience);
}

bool is_gone(const Error& error) {
  return error.is(ErrorKind::kNotFound) || error.is(ErrorKind::kBadNetns);
}

// Every link that has an entry was made with a guard, which somebody took away. Success where the
// kernel has none.
Status bring_back_guard(const std::vector<Entry>& entries) {
  Result<firewall::Table> table = firewall::Table::open();
  if (entries.empty() || (!table.ok() && table.error().is(ErrorKind::kUnsupported))) {
    return {};
  }
  return table.ok() ? table->ensure_guard() : Status(std::move(table).error());
}

bool touches(const Changes& changes, const std::string& set) {
  return !set.empty() && (changes.members.contains(set) || changes.new_sets.contains(set));
}

bool touches(const Changes& changes, const Rules& rules,
             const std::optional<std::vector<std::string>>& chains) {
  return chains.has_value() && std::ranges::any_of(*chains, [&](const std::string& name) {
           const auto chain = rules.chains.find(name);
           return changes.chains.contains(name) ||
                  (chain != rules.chains.end() &&
                   std::ranges::any_of(chain->second.rules, [&](const netpol::Rule& rule) {
                     return touches(changes, rule.peers) || touches(changes, rule.endpoints);
                   }));
         });
}

// Whether what the rules say of this subject alone is another thing than before.
bool touches_subject(const Changes& changes, const Rules& rules, const std::string& id) {
  const auto subject = rules.subjects.find(id);
  return changes.subjects.contains(id) ||
         (subject != rules.subjects.end() && (touches(changes, rules, subject->second.ingress) ||
                                              touches(changes, rules, subject->second.egress)));
}

}  // namespace

std::vector<Entry> node_entries(const Record& record) {
  return record.host_link.starts_with(podlink::kHostLinkPrefix)
             ? entries_of(record.host_link, record)
             : std::vector<Entry>();
}

Result<Policies*> PolicyKernel::node() {
  if (!node_.has_value()) {
    node_.emplace(TRY(Policies::open(Place::kNode)));
  }
  return &*node_;
}

Result<Backend> PolicyKernel::firewall() {
  if (!firewall_.has_value()) {
    firewall_ = TRY(firewall::choose(wanted_, places_of_programs()));
  }
  return *firewall_;
}

Status PolicyKernel::sync_node(const Rules& rules, const PolicyRecords& records,
                               const Keeps& keeps) {
  std::vector<Entry> entries;
  for (const auto& [id, record] : records) {
    std::ranges::move(node_entries(record), std::back_inserter(entries));
  }
  if (TRY(firewall()) == Backend::kIptables) {
    const Xtables xtables = TRY(open_xtables());
    TRY(xtables.sync(rules));
    TRY(bring_back_guard(entries));
    return firewall::enter_where_guarded(entries);
  }
  Policies* const policies = TRY(node());
  Status written = policies->sync(rules, entries, keeps);
  if (!written.ok() && written.error().is(ErrorKind::kNotFound)) {
    TRY(bring_back_guard(entries));
    written = policies->sync(rules, entries, keeps);
  }
  if (!written.ok()) {
    // Whatever is wrong with the socket ends with it.
    node_.reset();
    return written;
  }
  return bring_back_guard(entries);
}

Status PolicyKernel::shut(const Record& record) {
  if (TRY(firewall()) == Backend::kIptables) {
    // Its rules go with the next sync; the guard is nf_tables', if there is any.
    const Status shut = shut_by_nftables(record);
    return !shut.ok() && shut.error().is(ErrorKind::kUnsupported) ? Status() : shut;
  }
  return shut_by_nftables(record);
}

Status PolicyKernel::shut_by_nftables(const Record& record) {
  Policies* const policies = TRY(node());
  return policies->remove_subject(record.id(), record.addresses, node_entries(record));
}

Status PolicyKernel::sync_nic(const Rules& rules, const Record& record) {
  const auto pod = netlink::NetNs::open(record.netns);
  if (!pod.ok()) {
    return is_gone(pod.error()) ? Status() : Status(pod.error());
  }
  const Backend backend = TRY(firewall());
  const auto inside = TRY(netlink::ScopedNetNs::enter(*pod));
  const auto write = [&]() -> Status {
    const Rules own = netpol::only(rules, record.id());
    const std::vector<Entry> entries = entries_of(record.if_name, record);
    if (backend == Backend::kIptables) {
      const Xtables xtables = TRY(open_xtables());
      TRY(xtables.on_nic(record.if_name).sync(own));
      return firewall::enter_where_guarded(entries);
    }
    Policies policies = TRY(Policies::open(Place::kPodNic));
    return policies.sync(own, entries);
  };
  return write().context("policy on " + record.if_name + " of " + record.pod_namespace + "/" +
                         record.pod_name);
}

Result<std::vector<std::string>> PolicyKernel::differences_here(const Rules& rules,
                                                                const Record& record, Place place) {
  const Rules own = netpol::only(rules, record.id());
  if (TRY(firewall()) == Backend::kIptables) {
    const Xtables xtables = TRY(open_xtables());
    return (place == Place::kNode ? xtables : xtables.on_nic(record.if_name)).differences_of(own);
  }
  Policies policies = TRY(Policies::open(place));
  return policies.differences(own, record.id());
}

Result<std::vector<std::string>> PolicyKernel::differences(const Rules& rules,
                                                           const Record& record) {
  std::vector<std::string> all = TRY(differences_here(rules, record, Place::kNode));
  const auto pod = netlink::NetNs::open(record.netns);
  if (!record.own_nic || !pod.ok()) {
    return all;
  }
  const auto inside = TRY(netlink::ScopedNetNs::enter(*pod));
  for (const std::string& one : TRY(differences_here(rules, record, Place::kPodNic))) {
    all.push_back("inside the pod: " + one);
  }
  return all;
}

Result<PolicyKernel::Unwritten> PolicyKernel::sync(const Rules& rules, const PolicyRecords& records,
                                                   const Keeps& keeps) {
  TRY(sync_node(rules, records, keeps));
  Unwritten unwritten;
  for (const auto& [id, record] : records) {
    if (!record.own_nic) {
      continue;
    }
    if (Status written = sync_nic(rules, record); !written.ok()) {
      unwritten.emplace(id, std::move(written).error());
    }
  }
  return unwritten;
}

Result<PolicyKernel::Unwritten> PolicyKernel::follow(const Changes& changes, const Rules& rules,
                                                     const PolicyRecords& records,
                                                     const std::vector<const Record*>& entered,
                                                     const Keeps& keeps) {
  std::vector<Entry> entries;
  std::set<std::string> own_nics;
  for (const Record* record : entered) {
    std::ranges::move(node_entries(*record), std::back_inserter(entries));
    own_nics.insert(record->id());
  }
  if (TRY(firewall()) == Backend::kIptables) {
    const Xtables xtables = TRY(open_xtables());
    TRY(changes.empty() ? Status() : xtables.sync(rules));
    TRY(firewall::enter_where_guarded(entries));
  } else if (Policies* const policies = TRY(node()); !policies->apply(changes, entries).ok()) {
    ++disturbed_;
    return sync(rules, records, keeps);
  }
  Unwritten unwritten;
  for (const auto& [id, record] : records) {
    if (!record.own_nic || !(own_nics.contains(id) || touches_subject(changes, rules, id))) {
      continue;
    }
    if (Status inside = sync_nic(rules, record); !inside.ok()) {
      unwritten.emplace(id, std::move(inside).error());
    }
  }
  return unwritten;
}

}  // namespace catena::agent
