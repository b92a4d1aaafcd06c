// A list and then a watch of it, kept up for ever, in a loop that must not wait.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/kube/backoff.h"
#include "common/kube/config.h"
#include "common/kube/resource.h"

namespace catena::kube {

enum class EventType {
  kRelistBegins,  // kListed objects follow; again when the list had to be begun anew
  kListed,
  kRelistEnds,  // what was known before and not listed since the last kRelistBegins is gone
  kAdded,
  kModified,
  kDeleted,  // with the object as it was last
};

// `object`: null for kRelistBegins and kRelistEnds; without metadata.managedFields. An object that
// is listed has no apiVersion and kind where the server gives them for the list alone.
using OnEvent = std::function<void(EventType type, nlohmann::json&& object)>;
// A try that failed, and how long after it the next one comes.
using OnTrouble = std::function<void(const base::Error& error, std::chrono::milliseconds wait)>;

struct WatchOptions {
  int page = 250;                // objects asked for at a time
  std::string resource_version;  // watch from there without a list; empty: list first
  // After so long the server ends a watch, which goes on with the next request; up to twice as
  // long, by chance.
  std::chrono::seconds lifetime{300};
  // A page of the list.
  std::chrono::milliseconds list_timeout{60'000};
  std::chrono::milliseconds connect_timeout{5'000};
  BackoffSettings backoff;
  OnTrouble on_trouble;  // may be empty
};

// Goes on from the last resourceVersion, bookmarks included, after whatever ended a watch; lists
// anew when the server has forgotten it (410). Both callbacks are called by step() alone and may
// neither destroy the watcher nor call its step(). Not thread-safe; any number work in one loop.
class Watcher {
 public:
  // Sends nothing before the first step().
  static base::Result<Watcher> create(Config config, Selection selection, OnEvent on_event,
                                      WatchOptions options = {});
  Watcher(Watcher&&) noexcept;
  Watcher& operator=(Watcher&&) noexcept;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher();

  // For poll(2) or epoll(7), also of a level-triggered kind: readable when step() has something to
  // do, its timers included; stays the same. At first it is readable.
  int fd() const;
  // Does what can be done without waiting.
  void step();

  // Whether a list was completed, or a watch from `resource_version` begun.
  bool synced() const;
  // The last one known; empty before the first list.
  const std::string& resource_version() const;
  // Why nothing is being watched now; nothing while it goes well.
  const std::optional<base::Error>& trouble() const;

 private:
  class State;
  explicit Watcher(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace catena::kube
