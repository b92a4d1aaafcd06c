// The objects of the test API server, with their history.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/kube/resource.h"
#include "tests/support/kube/kinds.h"
#include "tests/support/kube/selectors.h"

namespace catena::test {

// An answer of the API: an object, a list, or a Status.
struct Reply {
  int status = 200;
  nlohmann::json body;
  bool ok() const { return status / 100 == 2; }
};
Reply refuse(int status, const std::string& reason, const std::string& message);

enum class PatchType { kMerge, kStrategic };
// What of an object a change may change: as the status subresource, or all but the status.
enum class Part { kObject, kStatus };

struct ListQuery {
  const Kind* kind = nullptr;
  std::string space;
  Selectors selectors;
  std::size_t limit = 0;  // 0: none
  std::string cursor;     // "continue"
  std::string version;    // "resourceVersion"
};

struct WatchEvent {
  std::string type;
  nlohmann::json object;
};

// Thread-safe. Every change has a resourceVersion of its own, one more than the last.
class ObjectStore {
 public:
  using Json = nlohmann::json;

  // Makes or replaces, whatever was there; what the server sets is set. Returns the object as kept.
  Json put(Json object);
  // Absent is nothing.
  void remove(const std::string& kind_name, const std::string& space, const std::string& name);

  Reply get(const Kind& kind, const std::string& space, const std::string& name) const;
  Reply list(const ListQuery& query);
  Reply create(const Kind& kind, const std::string& space, Json object);
  Reply replace(const Kind& kind, const std::string& space, const std::string& name, Part part,
                Json object);
  Reply patch(const Kind& kind, const std::string& space, const std::string& name, Part part,
              PatchType type, const Json& change);
  Reply erase(const Kind& kind, const std::string& space, const std::string& name);

  std::uint64_t version() const;
  // Forgets history and the rest of lists: older resourceVersions and cursors are Expired.
  void compact();

  bool is_forgotten(std::uint64_t version) const;
  // The events after `version` that a watch of `query` sees, and the version they reach.
  struct Changes {
    std::vector<WatchEvent> events;
    std::uint64_t version = 0;
  };
  Changes changes_after(const ListQuery& query, std::uint64_t version) const;
  // Until there is a change after `version`, wake() is called, or the time is over.
  void wait_for_change(std::uint64_t version, std::chrono::milliseconds longest) const;
  void wake() const;

 private:
  struct Key {
    std::string group_version;
    std::string plural;
    std::string space;
    std::string name;
    auto operator<=>(const Key&) const = default;
  };
  struct Change {
    std::uint64_t version;
    Key key;
    Json before;  // null: there was none
    Json after;   // null: it is gone
  };
  struct Rest {
    std::vector<Json> items;
    std::uint64_t version;
  };

  Json keep(const Kind& kind, const Key& key, Json object);
  Reply update(const Kind& kind, const Key& key, Part part, Json changed);
  Json page(const ListQuery& query, std::vector<Json> items, std::uint64_t version);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<Key, Json> objects_;
  std::deque<Change> history_;
  std::uint64_t version_ = 1;
  std::uint64_t forgotten_ = 0;  // versions up to this one are
  std::uint64_t uids_ = 0;
  std::map<std::string, Rest> rests_;  // of lists, by cursor
  std::uint64_t cursors_ = 0;
  mutable std::uint64_t wakes_ = 0;
};

}  // namespace catena::test
