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
#include "common/kube/config.h"
#include "common/kube/watcher.h"

namespace catena::agent {

// Of the loop's thread.
class PodsWatch {
 public:
  struct Listeners {
    Loop::Action pending;  // after the number of pending pods changed
    // After a pod that was there wishes something else, a list came, or the API server answers
    // again.
    Loop::Action wishes;
  };
  // `loop` and `log` must outlive it.
  static base::Result<std::unique_ptr<PodsWatch>> open(kube::Config config,
                                                       const std::string& node_name, Loop& loop,
                                                       base::Log& log, Listeners listeners);
  PodsWatch(const PodsWatch&) = delete;
  PodsWatch& operator=(const PodsWatch&) = delete;
  PodsWatch(PodsWatch&&) = delete;
  PodsWatch& operator=(PodsWatch&&) = delete;
  ~PodsWatch();

  // Null unless all pods are known and news of them come in.
  std::shared_ptr<const PodsSeen> seen() const;
  // As FindWishes. Without a uid only while all pods are known.
  std::optional<podwish::Wishes> find(const podwish::PodName& wanted) const;
  // As far as is known.
  int pending() const { return pending_; }
  bool is_synced() const;

 private:
  struct Pod {
    std::string name;  // "namespace/name"
    bool pending = false;
    podwish::Wishes wishes;
  };
  using Pods = std::map<std::string, Pod>;  // by uid

  PodsWatch(Loop& loop, base::Log& log, Listeners listeners)
      : loop_(loop), log_(log), listeners_(std::move(listeners)) {}
  static Pod pod_of(const nlohmann::json& object);
  void on_event(kube::EventType type, const nlohmann::json& object);
  void put(const nlohmann::json& object);
  void step();

  Loop& loop_;
  base::Log& log_;
  Listeners listeners_;
  std::optional<kube::Watcher> watcher_;
  Pods pods_;
  Pods listed_;
  int pending_ = 0;
  bool wishes_changed_ = false;
  std::string last_trouble_;
};

}  // namespace catena::agent
