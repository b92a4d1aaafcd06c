#include "common/netpol/cluster.h"

#include <algorithm>

#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::IpAddress;
using Ids = std::set<std::string>;

constexpr std::size_t kLeastPool = 64;

template <typename Map, typename MapKey, typename Value>
bool put_in(Map& map, const MapKey& key, Value value) {
  const auto [at, is_new] = map.try_emplace(key, value);
  if (is_new) {
    return true;
  }
  if (at->second == value) {
    return false;
  }
  at->second = std::move(value);
  return true;
}

template <typename Map, typename MapKey>
const Ids& ids_at(const Map& map, const MapKey& key) {
  static const Ids none;
  const auto found = map.find(key);
  return found == map.end() ? none : found->second;
}

template <typename Map, typename MapKey>
void remove_id(Map& map, const MapKey& key, const std::string& id) {
  const auto found = map.find(key);
  if (found == map.end()) {
    return;
  }
  found->second.erase(id);
  if (found->second.empty()) {
    map.erase(found);
  }
}

}  // namespace

bool Cluster::put(Policy policy) {
  const Key key{policy.space, policy.name};
  return put_in(policies_, key, std::move(policy));
}

bool Cluster::put(Namespace space) {
  const std::string name = space.name;
  return put_in(namespaces_, name, std::move(space));
}

bool Cluster::put(Pod pod) {
  const Key key{pod.space, pod.name};
  if (const auto found = pods_.find(key); found != pods_.end() && found->second == pod) {
    return false;
  }
  let_go(key);
  pod.labels = shared(pod.labels);
  pods_.insert_or_assign(key, std::move(pod));
  hold(key);
  return true;
}

bool Cluster::put(LocalPod pod) {
  if (const auto found = locals_.find(pod.id); found != locals_.end() && found->second == pod) {
    return false;
  }
  remove_local(pod.id);
  const Key key{pod.space, pod.name};
  let_go(key);
  ids_by_name_[key].insert(pod.id);
  ids_by_space_[pod.space].insert(pod.id);
  const std::string id = pod.id;
  locals_.emplace(id, std::move(pod));
  hold(key);
  return true;
}

bool Cluster::remove_pod(const Key& key) {
  let_go(key);
  return pods_.erase(key) != 0;
}

bool Cluster::remove_local(const std::string& id) {
  const auto found = locals_.find(id);
  if (found == locals_.end()) {
    return false;
  }
  const Key key{found->second.space, found->second.name};
  let_go(key);
  locals_.erase(found);
  remove_id(ids_by_name_, key, id);
  remove_id(ids_by_space_, key.first, id);
  hold(key);
  return true;
}

const Pod* Cluster::object_of(const LocalPod& pod) const {
  const auto found = pods_.find({pod.space, pod.name});
  if (found == pods_.end()) {
    return nullptr;
  }
  const Pod& object = found->second;
  const bool is_same = pod.uid.empty() || pod.uid == object.uid || pod.uid == object.static_uid;
  return is_same ? &object : nullptr;
}

const Ids& Cluster::locals_named(const Key& key) const { return ids_at(ids_by_name_, key); }

const Ids& Cluster::locals_in(const std::string& space) const {
  return ids_at(ids_by_space_, space);
}

bool Cluster::is_local(const Pod& pod) const {
  return std::ranges::any_of(locals_named({pod.space, pod.name}), [&](const std::string& id) {
    return object_of(locals_.at(id)) == &pod;
  });
}

// An address that only the object has is that of the first of its attachments on this node: no two
// subjects have one for the same reason.
std::vector<IpAddress> Cluster::addresses_of(const LocalPod& pod) const {
  std::vector<IpAddress> addresses = pod.addresses;
  const Pod* object = object_of(pod);
  if (object == nullptr || object->ignored) {
    sort_once_each(addresses);
    return addresses;
  }
  std::vector<const LocalPod*> attachments;
  for (const std::string& id : locals_named({pod.space, pod.name})) {
    if (const LocalPod& other = locals_.at(id); object_of(other) == object) {
      attachments.push_back(&other);
    }
  }
  const auto is_taken = [&](const IpAddress& address) {
    return std::ranges::any_of(attachments, [&](const LocalPod* other) {
      return std::ranges::find(other->addresses, address) != other->addresses.end();
    });
  };
  if (attachments.front()->id == pod.id) {
    std::ranges::remove_copy_if(object->addresses, std::back_inserter(addresses), is_taken);
  }
  std::erase_if(addresses, [&pod](const IpAddress& address) {
    return std::ranges::find(pod.lost, address) != pod.lost.end();
  });
  sort_once_each(addresses);
  return addresses;
}

std::vector<IpAddress> Cluster::addresses_of(const Pod& pod) const {
  if (pod.ignored) {
    return {};
  }
  std::vector<IpAddress> addresses = pod.addresses;
  for (const std::string& id : locals_named({pod.space, pod.name})) {
    if (const LocalPod& local = locals_.at(id); object_of(local) == &pod) {
      std::ranges::copy(local.addresses, std::back_inserter(addresses));
    }
  }
  sort_once_each(addresses);
  return addresses;
}

std::vector<const Pod*> Cluster::pods_at(const IpAddress& address) const {
  std::vector<const Pod*> pods;
  const auto [begin, end] = holders_.equal_range(address);
  std::transform(begin, end, std::back_inserter(pods),
                 [](const auto& holder) { return holder.second; });
  return pods;
}

Labels Cluster::shared(const Labels& labels) {
  if (label_pool_.size() >= pool_worth_pruning_) {
    std::erase_if(label_pool_, [](const Labels& pooled) { return pooled.is_sole(); });
    pool_worth_pruning_ = kLeastPool + 2 * label_pool_.size();
  }
  return labels.empty() ? labels : *label_pool_.insert(labels).first;
}

void Cluster::hold(const Key& key) {
  const auto found = pods_.find(key);
  if (found == pods_.end()) {
    return;
  }
  for (const IpAddress& address : addresses_of(found->second)) {
    holders_.emplace(address, &found->second);
    stale_.emplace(key.first, address);
  }
}

void Cluster::let_go(const Key& key) {
  const auto found = pods_.find(key);
  if (found == pods_.end()) {
    return;
  }
  for (const IpAddress& address : addresses_of(found->second)) {
    const auto [begin, end] = holders_.equal_range(address);
    const auto held = std::find_if(
        begin, end, [&](const auto& holder) { return holder.second == &found->second; });
    if (held != end) {
      holders_.erase(held);
    }
    stale_.emplace(key.first, address);
  }
}

}  // namespace catena::netpol
