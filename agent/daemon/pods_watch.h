// The pods of this node, as the API server has them by now.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/loop.h"
#include "agent/pods.h"
#include "common/base/log.h"
#include "common/kube/watcher.h"

namespace catena::agent {

// Of the loop's thread.
class PodsWatch {
 public:
  // `api`: "in-cluster", or a kubeconfig's path. `changed` is called after the number of pending
  // pods changed. `loop` and `log` must outlive it.
  static base::Result<std::unique_ptr<PodsWatch>> open(const std::string& api,
                                                       const std::string& node_name, Loop& loop,
                                                       base::Log& log, Loop::Action changed);
  PodsWatch(const PodsWatch&) = delete;
  PodsWatch& operator=(const PodsWatch&) = delete;
  PodsWatch(PodsWatch&&) = delete;
  PodsWatch& operator=(PodsWatch&&) = delete;
  ~PodsWatch();

  // Null unless all pods are known and news of them come in.
  std::shared_ptr<const PodsSeen> seen() const;
  // As far as is known.
  int pending() const { return pending_; }
  bool is_synced() const;

 private:
  struct Pod {
    std::string name;  // "namespace/name"
    bool pending = false;
  };
  using Pods = std::map<std::string, Pod>;  // by uid

  PodsWatch(Loop& loop, base::Log& log, Loop::Action changed)
      : loop_(loop), log_(log), changed_(std::move(changed)) {}
  void on_event(kube::EventType type, const nlohmann::json& object);
  void step();

  Loop& loop_;
  base::Log& log_;
  Loop::Action changed_;
  std::optional<kube::Watcher> watcher_;
  Pods pods_;
  Pods listed_;
  int pending_ = 0;
  std::string last_trouble_;
};

}  // namespace catena::agent
