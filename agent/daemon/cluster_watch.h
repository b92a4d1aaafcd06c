// NetworkPolicies, namespaces and pods of the whole cluster, as the API server has them by now.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/loop.h"
#include "agent/policy/cluster.h"
#include "common/base/log.h"
#include "common/kube/config.h"
#include "common/kube/watcher.h"

namespace catena::agent {

// Of the loop's thread.
class ClusterWatch {
 public:
  using Heard = std::chrono::steady_clock::time_point;
  // After objects changed, or a list is complete; with the time at which the first was heard of.
  using Changed = std::function<void(Heard heard)>;

  // All must outlive it.
  static base::Result<std::unique_ptr<ClusterWatch>> open(const kube::Config& config, Loop& loop,
                                                          base::Log& log, Cluster& cluster,
                                                          Changed changed);
  ClusterWatch(const ClusterWatch&) = delete;
  ClusterWatch& operator=(const ClusterWatch&) = delete;
  ClusterWatch(ClusterWatch&&) = delete;
  ClusterWatch& operator=(ClusterWatch&&) = delete;
  ~ClusterWatch();

  // Whether all that there is was listed once.
  bool has_everything() const;
  // The same, and news of it come in.
  bool is_synced() const;

 private:
  struct Watched {
    PolicyObject kind = PolicyObject::kPolicy;
    const char* name = "";
    std::optional<kube::Watcher> watcher;
    std::set<netpol::Key> listed;
    std::string last_trouble;
  };

  ClusterWatch(Loop& loop, base::Log& log, Cluster& cluster, Changed changed)
      : loop_(loop), log_(log), cluster_(cluster), changed_(std::move(changed)) {}
  base::Status begin(Watched& watched, const kube::Resource& resource, const kube::Config& config);
  void on_event(Watched& watched, kube::EventType type, const nlohmann::json& object);
  void put(const Watched& watched, const nlohmann::json& object);
  void end_list(Watched& watched);
  void step(Watched& watched);

  Loop& loop_;
  base::Log& log_;
  Cluster& cluster_;
  Changed changed_;
  std::array<Watched, 3> watched_{{{.kind = PolicyObject::kPolicy, .name = "networkpolicies"},
                                   {.kind = PolicyObject::kNamespace, .name = "namespaces"},
                                   {.kind = PolicyObject::kPod, .name = "pods of the cluster"}}};
  bool touched_ = false;
  std::string last_unreadable_;
};

}  // namespace catena::agent
