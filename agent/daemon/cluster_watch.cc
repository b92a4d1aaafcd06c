#include "agent/daemon/cluster_watch.h"

#include <algorithm>
#include <sys/epoll.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/kube/resource.h"

namespace catena::agent {

using base::Result;
using base::Status;
using kube::EventType;
using Json = nlohmann::json;

Result<std::unique_ptr<ClusterWatch>> ClusterWatch::open(const kube::Config& config, Loop& loop,
                                                         base::Log& log, Cluster& cluster,
                                                         Changed changed) {
  std::unique_ptr<ClusterWatch> watch(new ClusterWatch(loop, log, cluster, std::move(changed)));
  TRY(watch->begin(watch->watched_[0], kube::kNetworkPolicies, config));
  TRY(watch->begin(watch->watched_[1], kube::kNamespaces, config));
  TRY(watch->begin(watch->watched_[2], kube::kPods, config));
  return watch;
}

ClusterWatch::~ClusterWatch() {
  for (const Watched& watched : watched_) {
    if (watched.watcher.has_value()) {
      loop_.forget(watched.watcher->fd());
    }
  }
}

Status ClusterWatch::begin(Watched& watched, const kube::Resource& resource,
                           const kube::Config& config) {
  kube::Selection all;
  all.resource = resource;
  watched.watcher = TRY(kube::Watcher::create(
      config, std::move(all),
      [this, &watched](EventType type, Json&& object) { on_event(watched, type, object); }));
  return loop_.watch(watched.watcher->fd(), EPOLLIN, [this, &watched] { step(watched); });
}

void ClusterWatch::step(Watched& watched) {
  const Heard heard = std::chrono::steady_clock::now();
  watched.watcher->step();
  const auto& error = watched.watcher->trouble();
  const std::string trouble = error.has_value() ? error->text() : std::string();
  if (trouble != watched.last_trouble) {
    const std::string what = std::string("watch ") + watched.name + ": ";
    log_.warning(what + (trouble.empty() ? "the API server answers again" : trouble));
    watched.last_trouble = trouble;
  }
  if (std::exchange(touched_, false)) {
    changed_(heard);
  }
}

void ClusterWatch::on_event(Watched& watched, EventType type, const Json& object) {
  touched_ = touched_ || (type != EventType::kRelistBegins && type != EventType::kListed);
  switch (type) {
    case EventType::kRelistBegins:
      watched.listed.clear();
      break;
    case EventType::kListed:
      watched.listed.insert(Cluster::key_of(watched.kind, object));
      put(watched, object);
      break;
    case EventType::kRelistEnds:
      end_list(watched);
      break;
    case EventType::kAdded:
    case EventType::kModified:
      put(watched, object);
      break;
    case EventType::kDeleted:
      cluster_.remove(watched.kind, object);
      break;
  }
}

void ClusterWatch::put(const Watched& watched, const Json& object) {
  const Status put = cluster_.put(watched.kind, object);
  if (!put.ok() && put.error().text() != last_unreadable_) {
    last_unreadable_ = put.error().text();
    log_.error(last_unreadable_);
  }
}

void ClusterWatch::end_list(Watched& watched) {
  for (const netpol::Key& key : cluster_.keys(watched.kind)) {
    if (!watched.listed.contains(key)) {
      cluster_.remove(watched.kind, key);
    }
  }
  watched.listed.clear();
}

bool ClusterWatch::has_everything() const {
  return std::ranges::all_of(watched_,
                             [](const Watched& watched) { return watched.watcher->synced(); });
}

bool ClusterWatch::is_synced() const {
  return std::ranges::all_of(watched_, [](const Watched& watched) {
    return watched.watcher->synced() && !watched.watcher->trouble().has_value();
  });
}

}  // namespace catena::agent
