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
  return {.id = record.id(),
          .space = record.pod_namespace,
          .name = record.pod_name,
          .uid = record.pod_uid,
          .addresses = record.addresses,
          .closed_while_unknown =
              record.closed_while_unknown && (nameless || has_policies(record.pod_namespace))};
}

void Cluster::put(const Record& record) {
  compiler_.put(local_of(record));
  records_.insert_or_assign(record.id(), record);
}

void Cluster::remove_record(const std::string& id) {
  compiler_.remove_local(id);
  records_.erase(id);
}

bool Cluster::knows(const Record& record) const { return compiler_.knows(local_of(record)); }

bool Cluster::has_policies(const std::string& space) const { return policies_.contains(space); }

bool Cluster::is_settled(const Record& record) const {
  return record.pod_name.empty() || !has_policies(record.pod_namespace) || knows(record);
}

}  // namespace catena::agent
