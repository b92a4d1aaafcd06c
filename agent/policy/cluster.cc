#include "agent/policy/cluster.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "agent/policy/objects.h"
#include "common/kube/objects.h"

namespace catena::agent {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using netpol::Key;
using netpol::Record;
using Json = nlohmann::json;

namespace {

// Whether `objects` has exactly this one already.
template <typename Objects, typename AnyKey, typename Object>
bool has(const Objects& objects, const AnyKey& key, const Object& object) {
  const auto found = objects.find(key);
  return found != objects.end() && found->second == object;
}

std::string name_of(const Json& object) {
  return kube::namespace_of(object) + "/" + kube::name_of(object);
}

}  // namespace

Result<bool> Cluster::load(std::vector<std::string>& notices) {
  const bool loaded = TRY(snapshot_.load(compiler_, notices));
  for (const auto& [key, policy] : compiler_.policies()) {
    ++policies_[key.first];
  }
  return loaded;
}

Key Cluster::key_of(PolicyObject kind, const Json& object) {
  return {kind == PolicyObject::kNamespace ? std::string() : kube::namespace_of(object),
          kube::name_of(object)};
}

std::vector<Key> Cluster::keys(PolicyObject kind) const {
  std::vector<Key> keys;
  const auto key_in = [](const auto& entry) { return entry.first; };
  switch (kind) {
    case PolicyObject::kPolicy:
      std::ranges::transform(compiler_.policies(), std::back_inserter(keys), key_in);
      break;
    case PolicyObject::kNamespace:
      std::ranges::transform(compiler_.namespaces(), std::back_inserter(keys),
                             [](const auto& entry) {
                               return Key{"", entry.first};
                             });
      break;
    case PolicyObject::kPod:
      std::ranges::transform(compiler_.pods(), std::back_inserter(keys), key_in);
      break;
  }
  return keys;
}

Status Cluster::put_policy(const Json& object) {
  const auto read = read_policy(object);
  if (!read.ok()) {
    return Error(read.error()).context("policy " + name_of(object));
  }
  const netpol::Policy& policy = read->object;
  const Key key{policy.space, policy.name};
  if (!has(compiler_.policies(), key, policy)) {
    const bool is_new = !compiler_.policies().contains(key);
    snapshot_.note(policy);
    compiler_.put(policy);
    count(policy.space, is_new ? 1 : 0);
  }
  return read->trouble.empty() ? Status()
                               : Status(Error(ErrorKind::kUndecodable,
                                              "policy " + name_of(object) + ": " + read->trouble +
                                                  "; it isolates and allows nothing"));
}

Status Cluster::put(PolicyObject kind, const Json& object) {
  switch (kind) {
    case PolicyObject::kPolicy:
      return put_policy(object);
    case PolicyObject::kNamespace: {
      netpol::Namespace space = TRY(netpol::namespace_of(object));
      if (!has(compiler_.namespaces(), space.name, space)) {
        snapshot_.note(space);
        compiler_.put(std::move(space));
      }
      return {};
    }
    case PolicyObject::kPod: {
      netpol::Pod pod = TRY(netpol::pod_of(object).context("pod " + name_of(object)));
      if (!has(compiler_.pods(), Key{pod.space, pod.name}, pod)) {
        snapshot_.note(pod);
        compiler_.put(std::move(pod));
      }
      return {};
    }
  }
  return {};
}

void Cluster::remove(PolicyObject kind, const Json& object) { remove(kind, key_of(kind, object)); }

void Cluster::remove(PolicyObject kind, const Key& key) {
  switch (kind) {
    case PolicyObject::kPolicy:
      if (compiler_.policies().contains(key)) {
        snapshot_.note_gone(kind, key);
        compiler_.remove_policy(key);
        count(key.first, -1);
      }
      break;
    case PolicyObject::kNamespace:
      if (compiler_.namespaces().contains(key.second)) {
        snapshot_.note_gone(kind, key);
        compiler_.remove_namespace(key.second);
      }
      break;
    case PolicyObject::kPod:
      if (compiler_.pods().contains(key)) {
        snapshot_.note_gone(kind, key);
        compiler_.remove_pod(key);
      }
      break;
  }
}

// Pods of a namespace that nobody knows are closed from its first policy to its last.
void Cluster::count(const std::string& space, int change) {
  const bool before = has_policies(space);
  int& number = policies_[space];
  number += change;
  if (number == 0) {
    policies_.erase(space);
  }
  if (has_policies(space) == before) {
    return;
  }
  for (const auto& [id, record] : records_) {
    if (record.pod_namespace == space) {
      compiler_.put(local_of(record));
    }
  }
}

netpol::LocalPod Cluster::local_of(const Record& record) const {
  const bool nameless = record.pod_namespace.empty();
  const std::string id = record.id();
  std::vector<base::IpAddress> addresses;
  std::vector<base::IpAddress> lost;
  for (const base::IpAddress& address : record.addresses) {
    const auto owner = owners_.find(address);
    const bool is_own = owner == owners_.end() || owner->second == id;
    (is_own ? addresses : lost).push_back(address);
  }
  return {.id = id,
          .space = record.pod_namespace,
          .name = record.pod_name,
          .uid = record.pod_uid,
          .addresses = std::move(addresses),
          .lost = std::move(lost),
          .closed_while_unknown =
              record.closed_while_unknown && (nameless || has_policies(record.pod_namespace))};
}

void Cluster::own_addresses(const Record& record) {
  const std::string id = record.id();
  std::set<std::string> earlier;
  for (const base::IpAddress& address : record.addresses) {
    std::string& owner = owners_[address];
    if (!owner.empty() && owner != id) {
      earlier.insert(owner);
    }
    owner = id;
  }
  for (const std::string& other : earlier) {
    if (const auto found = records_.find(other); found != records_.end()) {
      compiler_.put(local_of(found->second));
    }
  }
}

// Whoever else has a record of them has them again.
void Cluster::disown_addresses(const Record& record) {
  for (const base::IpAddress& address : record.addresses) {
    const auto owner = owners_.find(address);
    if (owner == owners_.end() || owner->second != record.id()) {
      continue;
    }
    owners_.erase(owner);
    const auto other = std::ranges::find_if(records_, [&address](const auto& entry) {
      return std::ranges::find(entry.second.addresses, address) != entry.second.addresses.end();
    });
    if (other != records_.end()) {
      owners_.emplace(address, other->first);
      compiler_.put(local_of(other->second));
    }
  }
}

void Cluster::put(const Record& record) {
  const std::string id = record.id();
  const auto before = records_.find(id);
  if (before != records_.end() && before->second.addresses != record.addresses) {
    remove_record(id);
  }
  own_addresses(record);
  compiler_.put(local_of(record));
  records_.insert_or_assign(id, record);
}

void Cluster::remove_record(const std::string& id) {
  compiler_.remove_local(id);
  const auto record = records_.extract(id);
  if (!record.empty()) {
    disown_addresses(record.mapped());
  }
}

bool Cluster::knows(const Record& record) const { return compiler_.knows(local_of(record)); }

bool Cluster::has_policies(const std::string& space) const { return policies_.contains(space); }

bool Cluster::is_settled(const Record& record) const {
  return record.pod_name.empty() || !has_policies(record.pod_namespace) || knows(record);
}

}  // namespace catena::agent
