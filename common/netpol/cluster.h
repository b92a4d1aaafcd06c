// The objects, the node's pods, and who has which address. Internal to this folder.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/netpol/compiler.h"
#include "common/netpol/objects.h"

namespace catena::netpol {

class Cluster {
 public:
  // An address whose pods, of this namespace, are others or have other labels than before.
  using Stale = std::pair<std::string, base::IpAddress>;

  const std::map<Key, Policy>& policies() const { return policies_; }
  const std::map<std::string, Namespace>& namespaces() const { return namespaces_; }
  const std::map<Key, Pod>& pods() const { return pods_; }
  const std::map<std::string, LocalPod>& locals() const { return locals_; }

  // Whether anything changed.
  bool put(Policy policy);
  bool put(Namespace space);
  bool put(Pod pod);
  bool put(LocalPod pod);
  bool remove_policy(const Key& key) { return policies_.erase(key) != 0; }
  bool remove_namespace(const std::string& name) { return namespaces_.erase(name) != 0; }
  bool remove_pod(const Key& key);
  bool remove_local(const std::string& id);

  // The pod object that it is named for; null where there is none.
  const Pod* object_of(const LocalPod& pod) const;
  // Ids of the node's pods of this name, or in this namespace.
  const std::set<std::string>& locals_named(const Key& key) const;
  const std::set<std::string>& locals_in(const std::string& space) const;
  bool is_local(const Pod& pod) const;

  // As a subject.
  std::vector<base::IpAddress> addresses_of(const LocalPod& pod) const;
  // As a peer; none where it is ignored.
  std::vector<base::IpAddress> addresses_of(const Pod& pod) const;
  std::vector<const Pod*> pods_at(const base::IpAddress& address) const;

  // Since the last time.
  std::set<Stale> take_stale() { return std::exchange(stale_, {}); }

 private:
  // Equal ones that some pod has already, or these.
  Labels shared(const Labels& labels);
  void hold(const Key& key);
  void let_go(const Key& key);

  std::map<Key, Policy> policies_;
  std::map<std::string, Namespace> namespaces_;
  std::map<Key, Pod> pods_;
  std::map<std::string, LocalPod> locals_;
  std::map<Key, std::set<std::string>> ids_by_name_;
  std::map<std::string, std::set<std::string>> ids_by_space_;
  std::multimap<base::IpAddress, const Pod*> holders_;
  std::set<Stale> stale_;
  std::set<Labels> label_pool_;
  std::size_t pool_worth_pruning_ = 0;
};

}  // namespace catena::netpol
