#include "agent/daemon/pods_watch.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

#include <nlohmann/json.hpp>

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

base::Result<std::unique_ptr<PodsWatch>> PodsWatch::open(kube::Config config,
                                                         const std::string& node_name, Loop& loop,
                                                         base::Log& log, Listeners listeners) {
  std::unique_ptr<PodsWatch> watch(new PodsWatch(loop, log, std::move(listeners)));
  PodsWatch* const self = watch.get();
  kube::Selection pods;
  pods.resource = kube::kPods;
  pods.fields = "spec.nodeName=" + node_name;
  watch->watcher_ = TRY(kube::Watcher::create(
      std::move(config), std::move(pods),
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
    wishes_changed_ = wishes_changed_ || trouble.empty();
  }
  const auto waiting = static_cast<int>(
      std::ranges::count_if(pods_, [](const auto& pod) { return pod.second.pending; }));
  if (waiting != pending_) {
    pending_ = waiting;
    listeners_.pending();
  }
  if (std::exchange(wishes_changed_, false)) {
    listeners_.wishes();
  }
}

PodsWatch::Pod PodsWatch::pod_of(const json& object) {
  return {.name = kube::namespace_of(object) + "/" + kube::name_of(object),
          .pending = waits_for_address(object),
          .wishes = podwish::wishes_of(object)};
}

void PodsWatch::put(const json& object) {
  Pod pod = pod_of(object);
  const auto [known, is_new] = pods_.try_emplace(kube::uid_of(object));
  wishes_changed_ =
      wishes_changed_ || (!is_new && known->second.wishes.annotations != pod.wishes.annotations);
  known->second = std::move(pod);
}

void PodsWatch::on_event(EventType type, const json& object) {
  switch (type) {
    case EventType::kRelistBegins:
      listed_.clear();
      break;
    case EventType::kListed:
      listed_[kube::uid_of(object)] = pod_of(object);
      break;
    case EventType::kRelistEnds:
      pods_ = std::move(listed_);
      listed_.clear();
      wishes_changed_ = true;
      break;
    case EventType::kAdded:
    case EventType::kModified:
      put(object);
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
    seen->present.emplace(pod.name, pod.wishes);
  }
  return seen;
}

std::optional<podwish::Wishes> PodsWatch::find(const podwish::PodName& wanted) const {
  const std::string name = wanted.space + "/" + wanted.name;
  const bool any_uid = wanted.uid.empty() && is_synced();
  const auto found = std::ranges::find_if(pods_, [&](const auto& entry) {
    const Pod& pod = entry.second;
    return pod.name == name && (any_uid || pod.wishes.are_of(wanted.uid));
  });
  return found == pods_.end() ? std::nullopt : std::optional(found->second.wishes);
}

}  // namespace catena::agent
