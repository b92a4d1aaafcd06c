#include "common/netpol/compiler.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "common/netpol/chains.h"
#include "common/netpol/cluster.h"
#include "common/netpol/ledger.h"
#include "common/netpol/names.h"
#include "common/netpol/sets.h"

namespace catena::netpol {
namespace {

using base::Family;

constexpr std::array<Direction, 2> kDirections{Direction::kIngress, Direction::kEgress};

// A direction of a policy that selects a pod of this node.
struct LiveChain {
  std::string name;               // empty: the policy has not this direction
  std::vector<std::string> sets;  // those it holds
};

struct LivePolicy {
  std::set<std::string> subjects;  // ids of the node's pods that it selects
  std::array<LiveChain, 2> chains;
};

std::size_t index_of(Direction direction) { return static_cast<std::size_t>(direction); }

}  // namespace

struct Compiler::State {
  Cluster cluster;
  Ledger ledger;
  Sets sets{&cluster, &ledger};
  Names chain_names;
  std::map<Key, LivePolicy> live;
  std::vector<Family> families;  // of the node's pods' addresses
  std::set<Key> changed_policies;
  std::set<std::string> changed_locals;
  std::set<std::string> subjects_to_write;
  std::set<Key> chains_to_write;

  void settle();
  void change_locals(const Key& key);

 private:
  void select(const Key& key, const std::string& id);
  void select_for(const std::string& id);
  void write_subjects();
  Subject subject_of(const LocalPod& pod) const;
  std::optional<std::vector<std::string>> chains_of(const LocalPod& pod, Direction direction) const;
  void note_families();
  void write_chain(const Key& key);
  void write_direction(const Policy& policy, Direction direction, LiveChain& chain);
  void drop(LiveChain& chain);
};

void Compiler::State::change_locals(const Key& key) {
  const auto& ids = cluster.locals_named(key);
  changed_locals.insert(ids.begin(), ids.end());
}

void Compiler::State::settle() {
  for (const Key& key : changed_policies) {
    for (const std::string& id : cluster.locals_in(key.first)) {
      select(key, id);
    }
    chains_to_write.insert(key);
  }
  for (const std::string& id : changed_locals) {
    select_for(id);
  }
  if (!changed_locals.empty()) {
    note_families();
  }
  changed_policies.clear();
  changed_locals.clear();
  // Chains get their names when they are first written.
  for (const Key& key : chains_to_write) {
    write_chain(key);
  }
  chains_to_write.clear();
  write_subjects();
  sets.settle(cluster.take_stale());
}

// Whether the policy selects this pod of the node is seen to.
void Compiler::State::select(const Key& key, const std::string& id) {
  const auto policy = cluster.policies().find(key);
  const auto local = cluster.locals().find(id);
  const Pod* object = local == cluster.locals().end() ? nullptr : cluster.object_of(local->second);
  const bool is_selected = policy != cluster.policies().end() && object != nullptr &&
                           object->space == key.first && !object->ignored &&
                           policy->second.pods.matches(object->labels);
  const auto found = live.find(key);
  const bool was_selected = found != live.end() && found->second.subjects.contains(id);
  if (is_selected || was_selected) {
    subjects_to_write.insert(id);
  }
  if (is_selected == was_selected) {
    return;
  }
  auto& subjects = live[key].subjects;
  if (is_selected) {
    subjects.insert(id);
  } else {
    subjects.erase(id);
  }
  if (subjects.size() == (is_selected ? 1 : 0)) {
    chains_to_write.insert(key);
  }
}

void Compiler::State::select_for(const std::string& id) {
  subjects_to_write.insert(id);
  std::set<Key> keys;
  for (const auto& [key, policy] : live) {
    if (policy.subjects.contains(id)) {
      keys.insert(key);
    }
  }
  if (const auto local = cluster.locals().find(id); local != cluster.locals().end()) {
    const std::string& space = local->second.space;
    for (auto at = cluster.policies().lower_bound({space, ""});
         at != cluster.policies().end() && at->first.first == space; ++at) {
      keys.insert(at->first);
    }
  }
  for (const Key& key : keys) {
    select(key, id);
  }
}

void Compiler::State::write_subjects() {
  for (const std::string& id : subjects_to_write) {
    const auto local = cluster.locals().find(id);
    if (local != cluster.locals().end()) {
      ledger.put(id, subject_of(local->second));
    } else if (ledger.rules().subjects.contains(id)) {
      ledger.erase_subject(id);
    }
  }
  subjects_to_write.clear();
}

Subject Compiler::State::subject_of(const LocalPod& pod) const {
  Subject subject;
  subject.addresses = cluster.addresses_of(pod);
  if (cluster.object_of(pod) != nullptr) {
    subject.ingress = chains_of(pod, Direction::kIngress);
    subject.egress = chains_of(pod, Direction::kEgress);
  } else if (pod.closed_while_unknown) {
    subject.ingress.emplace();
    subject.egress.emplace();
  }
  return subject;
}

std::optional<std::vector<std::string>> Compiler::State::chains_of(const LocalPod& pod,
                                                                   Direction direction) const {
  std::optional<std::vector<std::string>> chains;
  for (auto at = live.lower_bound({pod.space, ""});
       at != live.end() && at->first.first == pod.space; ++at) {
    const std::string& name = at->second.chains.at(index_of(direction)).name;
    if (!name.empty() && at->second.subjects.contains(pod.id)) {
      chains = chains ? std::move(chains) : std::vector<std::string>();
      chains->push_back(name);
    }
  }
  if (chains) {
    std::ranges::sort(*chains);
  }
  return chains;
}

void Compiler::State::note_families() {
  std::set<Family> now;
  const auto& written = ledger.rules().subjects;
  for (const auto& [id, pod] : cluster.locals()) {
    const auto found = changed_locals.contains(id) ? written.end() : written.find(id);
    const auto addresses =
        found == written.end() ? cluster.addresses_of(pod) : found->second.addresses;
    std::ranges::transform(addresses, std::inserter(now, now.end()), &base::IpAddress::family);
  }
  if (std::ranges::equal(now, families)) {
    return;
  }
  families.assign(now.begin(), now.end());
  for (const auto& [key, policy] : live) {
    chains_to_write.insert(key);
  }
}

void Compiler::State::write_chain(const Key& key) {
  const auto found = live.find(key);
  if (found == live.end()) {
    return;
  }
  if (found->second.subjects.empty()) {
    std::ranges::for_each(found->second.chains, [&](LiveChain& chain) { drop(chain); });
    live.erase(found);
    return;
  }
  const Policy& policy = cluster.policies().at(key);
  for (const Direction direction : kDirections) {
    write_direction(policy, direction, found->second.chains.at(index_of(direction)));
  }
}

void Compiler::State::write_direction(const Policy& policy, Direction direction, LiveChain& chain) {
  if (!rules_in(policy, direction)) {
    drop(chain);
    return;
  }
  if (chain.name.empty()) {
    chain.name = chain_names.take(direction == Direction::kIngress ? "p-in-" : "p-eg-",
                                  policy.space + "/" + policy.name);
  }
  // What it still needs is acquired before it is released.
  std::vector<std::string> held;
  Chain written;
  written.rules = rules_of(policy, direction, families, [&](const SetSpec& spec) {
    held.push_back(sets.acquire(spec));
    return held.back();
  });
  held.swap(chain.sets);
  std::ranges::for_each(held, [&](const std::string& name) { sets.release(name); });
  ledger.put(chain.name, std::move(written));
}

void Compiler::State::drop(LiveChain& chain) {
  if (chain.name.empty()) {
    return;
  }
  std::ranges::for_each(chain.sets, [&](const std::string& name) { sets.release(name); });
  ledger.erase_chain(chain.name);
  chain_names.give_back(chain.name);
  chain = {};
}

Compiler::Compiler() : state_(std::make_unique<State>()) {}
Compiler::Compiler(Compiler&&) noexcept = default;
Compiler& Compiler::operator=(Compiler&&) noexcept = default;
Compiler::~Compiler() = default;

void Compiler::put(Policy policy) {
  Key key{policy.space, policy.name};
  if (state_->cluster.put(std::move(policy))) {
    state_->changed_policies.insert(std::move(key));
  }
}

void Compiler::put(Namespace space) {
  state_->sets.expect_namespace(space.name, &space);
  state_->cluster.put(std::move(space));
}

void Compiler::put(Pod pod) {
  const Key key{pod.space, pod.name};
  if (state_->cluster.put(std::move(pod))) {
    state_->change_locals(key);
  }
}

void Compiler::remove_policy(const Key& key) {
  if (state_->cluster.remove_policy(key)) {
    state_->changed_policies.insert(key);
  }
}

void Compiler::remove_namespace(const std::string& name) {
  state_->sets.expect_namespace(name, nullptr);
  state_->cluster.remove_namespace(name);
}

void Compiler::remove_pod(const Key& key) {
  if (state_->cluster.remove_pod(key)) {
    state_->change_locals(key);
  }
}

void Compiler::put(LocalPod pod) {
  const Key key{pod.space, pod.name};
  const std::string id = pod.id;
  const auto found = state_->cluster.locals().find(id);
  const Key before =
      found == state_->cluster.locals().end() ? key : Key{found->second.space, found->second.name};
  if (state_->cluster.put(std::move(pod))) {
    state_->changed_locals.insert(id);
    state_->change_locals(before);
    state_->change_locals(key);
  }
}

void Compiler::remove_local(const std::string& id) {
  const auto found = state_->cluster.locals().find(id);
  if (found == state_->cluster.locals().end()) {
    return;
  }
  state_->changed_locals.insert(id);
  state_->change_locals({found->second.space, found->second.name});
  state_->cluster.remove_local(id);
}

bool Compiler::knows(const LocalPod& pod) const {
  return state_->cluster.object_of(pod) != nullptr;
}

const Rules& Compiler::rules() {
  state_->settle();
  return state_->ledger.rules();
}

Changes Compiler::take_changes() {
  state_->settle();
  return state_->ledger.take();
}

const std::map<Key, Policy>& Compiler::policies() const { return state_->cluster.policies(); }

const std::map<std::string, Namespace>& Compiler::namespaces() const {
  return state_->cluster.namespaces();
}

const std::map<Key, Pod>& Compiler::pods() const { return state_->cluster.pods(); }

std::vector<base::IpAddress> Compiler::addresses_of(const Pod& pod) const {
  return state_->cluster.addresses_of(pod);
}

std::vector<const Pod*> Compiler::pods_at(const base::IpAddress& address) const {
  return state_->cluster.pods_at(address);
}

}  // namespace catena::netpol
