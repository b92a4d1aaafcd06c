#include "agent/daemon/pods_watch.h"

#include <algorithm>
#include <sys/epoll.h>

#include <nlohmann/json.hpp>

#include "common/kube/config.h"
#include "common/kube/objects.h"

namespace catena::agent {
namespace {

using kube::EventType;
using nlohmann::json;

// Whether the pod is about to ask for an address of this node's pool.
bool waits_for_address(const json& pod) {
  const json* host_network = kube::find_at(pod, {"spec", "hostNetwork"});
  const bool on_host = host_network != nullptr && *host_network == true;
  return !on_host && kube::text_at(pod, {"status", "phase"}) == "Pending" &&
         kube::text_at(pod, {"status", "podIP"}).empty() &&
         kube::find_at(pod, {"metadata", "deletionTimestamp"}) == nullptr;
}

}  // namespace

PodsWatch::~PodsWatch() {
  if (watcher_.has_value()) {
    loop_.forget(watcher_->fd());
  }
}

base::Result<std::unique_ptr<PodsWatch>> PodsWatch::open(const std::string& api,
                                                         const std::string& node_name, Loop& loop,
                                                         base::Log& log, Loop::Action changed) {
  base::Result<kube::Config> config =
      api == "in-cluster" ? kube::Config::in_cluster() : kube::Config::from_kubeconfig(api);
  if (!config.ok()) {
    return std::move(config).error().context("reach the API server");
  }
  std::unique_ptr<PodsWatch> watch(new PodsWatch(loop, log, std::move(changed)));
  PodsWatch* const self = watch.get();
  kube::Selection pods;
  pods.resource = kube::kPods;
  pods.fields = "spec.nodeName=" + node_name;
  watch->watcher_ = TRY(kube::Watcher::create(
      std::move(config).value(), std::move(pods),
      [self](EventType type, json&& object) { self->on_event(type, object); }));
  TRY(loop.watch(watch->watcher_->fd(), EPOLLIN, [self] { self->step(); }));
  return watch;
}

void PodsWatch::step() {
  watcher_->step();
  const std::string trouble =
      watcher_->trouble().has_value() ? watcher_->trouble()->text() : std::string();
  if (trouble != last_trouble_) {
    log_.warning(trouble.empty() ? "the API server answers again" : "watch pods: " + trouble);
    last_trouble_ = trouble;
  }
  const auto waiting = static_cast<int>(
      std::ranges::count_if(pods_, [](const auto& pod) { return pod.second.pending; }));
  if (waiting != pending_) {
    pending_ = waiting;
    changed_();
  }
}

void PodsWatch::on_event(EventType type, const json& object) {
  const auto put = [&object](Pods& pods) {
    pods[kube::uid_of(object)] = {kube::namespace_of(object) + "/" + kube::name_of(object),
                                  waits_for_address(object)};
  };
  switch (type) {
    case EventType::kRelistBegins:
      listed_.clear();
      break;
    case EventType::kListed:
      put(listed_);
      break;
    case EventType::kRelistEnds:
      pods_ = std::move(listed_);
      listed_.clear();
      break;
    case EventType::kAdded:
    case EventType::kModified:
      put(pods_);
      break;
    case EventType::kDeleted:
      pods_.erase(kube::uid_of(object));
      break;
  }
}

bool PodsWatch::is_synced() const { return watcher_->synced() && !watcher_->trouble().has_value(); }

std::shared_ptr<const PodsSeen> PodsWatch::seen() const {
  if (!is_synced()) {
    return nullptr;
  }
  auto seen = std::make_shared<PodsSeen>();
  seen->pending = pending_;
  for (const auto& [uid, pod] : pods_) {
    seen->present.insert(pod.name);
  }
  return seen;
}

}  // namespace catena::agent
