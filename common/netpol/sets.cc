#include "common/netpol/sets.h"

#include <algorithm>
#include <utility>

#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::IpAddress;

// Beyond this share of all pods, filling sets anew is cheaper than looking at one address after
// the other.
constexpr std::size_t kFewOfPods = 8;
constexpr std::size_t kFew = 64;

// Whether a spec describes a pod. Quicker where the pods come namespace by namespace.
class Matcher {
 public:
  Matcher(const SetSpec& spec, const Cluster& cluster) : spec_(&spec), cluster_(&cluster) {}

  bool describes(const Pod& pod) {
    if (space_ == nullptr || *space_ != pod.space) {
      enter(pod.space);
    }
    const bool is_described = std::ranges::any_of(
        terms_, [&](const Term* term) { return term->pods.matches(pod.labels); });
    return is_described && (!spec_->local || cluster_->is_local(pod));
  }

 private:
  void enter(const std::string& space) {
    space_ = &space;
    terms_.clear();
    for (const Term& term : spec_->terms) {
      if (selects_namespace(term, space, cluster_->namespaces())) {
        terms_.push_back(&term);
      }
    }
  }

  const SetSpec* spec_;
  const Cluster* cluster_;
  const std::string* space_ = nullptr;
  std::vector<const Term*> terms_;  // those that select this namespace
};

void append_endpoints(const SetSpec& spec, const Pod& pod, const IpAddress& address,
                      std::vector<Endpoint>& endpoints) {
  for (const NamedPort& port : pod.ports) {
    const PortName name{.name = port.name, .protocol = port.protocol};
    if (std::ranges::binary_search(spec.ports, name)) {
      endpoints.push_back({.address = address, .protocol = port.protocol, .port = port.port});
    }
  }
}

void append_pod(const SetSpec& spec, const Cluster& cluster, const Pod& pod, Set& set) {
  for (const IpAddress& address : cluster.addresses_of(pod)) {
    if (address.family() != spec.family) {
      continue;
    }
    if (spec.kind == SetKind::kAddresses) {
      set.addresses.push_back(address);
    } else {
      append_endpoints(spec, pod, address, set.endpoints);
    }
  }
}

Set filled(const SetSpec& spec, const Cluster& cluster) {
  Set set;
  set.kind = spec.kind;
  set.family = spec.family;
  set.networks = spec.networks;
  if (spec.kind == SetKind::kNetworks) {
    return set;
  }
  const auto space = only_space_of(spec);
  const auto& pods = cluster.pods();
  Matcher matcher(spec, cluster);
  for (auto at = space ? pods.lower_bound({*space, ""}) : pods.begin();
       at != pods.end() && (!space || at->first.first == *space); ++at) {
    if (matcher.describes(at->second)) {
      append_pod(spec, cluster, at->second, set);
    }
  }
  sort_once_each(set.addresses);
  sort_once_each(set.endpoints);
  set.addresses.shrink_to_fit();
  set.endpoints.shrink_to_fit();
  return set;
}

bool is_same_after(const Term& term, const Namespaces& namespaces, const std::string& name,
                   const Namespace* after) {
  if (term.space || term.namespaces.requirements.empty()) {
    return true;
  }
  const bool is_in = selects_namespace(term, name, namespaces);
  return is_in == (after != nullptr && term.namespaces.matches(after->labels));
}

}  // namespace

std::string Sets::acquire(const SetSpec& spec) {
  const auto [at, is_new] = live_.try_emplace(spec);
  if (is_new) {
    at->second.name = names_.take(prefix_of(spec), text_of(spec));
    by_name_.emplace(at->second.name, &*at);
    index_of(spec).insert(&*at);
  }
  if (at->second.users++ == 0) {
    unused_.erase(at->second.name);
  }
  return at->second.name;
}

void Sets::release(const std::string& name) {
  Live& live = by_name_.at(name)->second;
  if (--live.users == 0) {
    unused_.insert(name);
  }
}

void Sets::expect_namespace(const std::string& name, const Namespace* after) {
  for (Entry* entry : of_any_space_) {
    const bool is_same = std::ranges::all_of(entry->first.terms, [&](const Term& term) {
      return is_same_after(term, cluster_->namespaces(), name, after);
    });
    if (!is_same) {
      entry->second.changed_spaces.insert(name);
    }
  }
}

void Sets::settle(const std::set<Cluster::Stale>& stale) {
  remove_unused();
  const bool is_much = stale.size() > kFew && stale.size() > cluster_->pods().size() / kFewOfPods;
  for (Entry& entry : live_) {
    if (entry.second.to_fill || is_much) {
      fill(entry);
    }
    for (const std::string& space : std::exchange(entry.second.changed_spaces, {})) {
      look_again(entry, space);
    }
  }
  if (is_much) {
    return;
  }
  for (const auto& [space, address] : stale) {
    for (Entry* entry : of_any_space_) {
      look_again(*entry, address);
    }
    if (const auto found = by_space_.find(space); found != by_space_.end()) {
      for (Entry* entry : found->second) {
        look_again(*entry, address);
      }
    }
  }
}

std::set<Sets::Entry*>& Sets::index_of(const SetSpec& spec) {
  const auto space = only_space_of(spec);
  return space ? by_space_[*space] : of_any_space_;
}

void Sets::remove_unused() {
  for (const std::string& name : unused_) {
    const auto found = by_name_.find(name);
    const SetSpec spec = found->second->first;
    index_of(spec).erase(found->second);
    if (const auto space = only_space_of(spec); space && by_space_.at(*space).empty()) {
      by_space_.erase(*space);
    }
    if (ledger_->rules().sets.contains(name)) {
      ledger_->erase_set(name);
    }
    by_name_.erase(found);
    names_.give_back(name);
    live_.erase(spec);
  }
  unused_.clear();
}

void Sets::fill(Entry& entry) {
  if (entry.second.to_fill || entry.first.kind != SetKind::kNetworks) {
    ledger_->put(entry.second.name, filled(entry.first, *cluster_));
  }
  entry.second.to_fill = false;
  entry.second.changed_spaces.clear();
}

void Sets::look_again(const Entry& entry, const IpAddress& address) {
  const auto& [spec, live] = entry;
  if (spec.kind == SetKind::kNetworks || spec.family != address.family()) {
    return;
  }
  Matcher matcher(spec, *cluster_);
  bool is_in = false;
  std::vector<Endpoint> endpoints;
  for (const Pod* pod : cluster_->pods_at(address)) {
    if (matcher.describes(*pod)) {
      is_in = true;
      append_endpoints(spec, *pod, address, endpoints);
    }
  }
  if (spec.kind == SetKind::kEndpoints) {
    sort_once_each(endpoints);
    ledger_->replace_endpoints(live.name, address, endpoints);
  } else if (is_in) {
    ledger_->add_member(live.name, address);
  } else {
    ledger_->remove_member(live.name, address);
  }
}

void Sets::look_again(const Entry& entry, const std::string& space) {
  const auto& pods = cluster_->pods();
  for (auto at = pods.lower_bound({space, ""}); at != pods.end() && at->first.first == space;
       ++at) {
    for (const IpAddress& address : cluster_->addresses_of(at->second)) {
      look_again(entry, address);
    }
  }
}

}  // namespace catena::netpol
