#include "tests/support/kube/object_store.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "common/kube/objects.h"
#include "tests/support/kube/strategic_merge.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;

std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::string text(20, '\0');
  std::strftime(text.data(), text.size() + 1, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Reply not_found(const Kind& kind, const std::string& name) {
  return refuse(404, "NotFound", std::string(kind.plural) + " \"" + name + "\" not found");
}

Reply too_new(const std::string& asked, std::uint64_t current) {
  Reply reply =
      refuse(504, "Timeout",
             "Too large resource version: " + asked + ", current: " + std::to_string(current));
  reply.body["details"] = {
      {"retryAfterSeconds", 1},
      {"causes",
       {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}}};
  return reply;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// What a write may not change comes from `old`.
void take_over(Json& object, const Json& old, const Kind& kind, Part part) {
  if (part == Part::kStatus) {
    Json status = object.contains("status") ? object["status"] : Json();
    object = old;
    if (status.is_null()) {
      object.erase("status");
    } else {
      object["status"] = std::move(status);
    }
    return;
  }
  if (kind.has_status) {
    object.erase("status");
    if (old.contains("status")) {
      object["status"] = old["status"];
    }
  }
  for (const char* key : {"uid", "creationTimestamp"}) {
    if (const Json* value = kube::find_at(old, {"metadata", key}); value != nullptr) {
      object["metadata"][key] = *value;
    }
  }
}

}  // namespace

Reply refuse(int status, const std::string& reason, const std::string& message) {
  return {status, Json{{"kind", "Status"},
                       {"apiVersion", "v1"},
                       {"metadata", Json::object()},
                       {"status", "Failure"},
                       {"message", message},
                       {"reason", reason},
                       {"code", status}}};
}

// Under the lock.
Json ObjectStore::keep(const Kind& kind, const Key& key, Json object) {
  Json& slot = objects_[key];
  object["apiVersion"] = kind.group_version;
  object["kind"] = kind.name;
  Json& metadata = object["metadata"];
  metadata["name"] = key.name;
  if (kind.namespaced) {
    metadata["namespace"] = key.space;
  }
  if (!metadata.contains("uid")) {
    metadata["uid"] = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + ++uids_);
  }
  if (!metadata.contains("creationTimestamp")) {
    metadata["creationTimestamp"] = now();
  }
  metadata["resourceVersion"] = std::to_string(++version_);
  history_.push_back({version_, key, slot, object});
  slot = std::move(object);
  changed_.notify_all();
  return slot;
}

Json ObjectStore::put(Json object) {
  const Kind* kind =
      find_kind_by_name(kube::text_at(object, {"apiVersion"}), kube::text_at(object, {"kind"}));
  if (kind == nullptr) {
    return {};
  }
  std::string space = kube::namespace_of(object);
  if (kind->namespaced && space.empty()) {
    space = "default";
  }
  const std::scoped_lock lock(mutex_);
  const Key key{std::string(kind->group_version), std::string(kind->plural), space,
                kube::name_of(object)};
  if (const auto old = objects_.find(key); old != objects_.end()) {
    const Json status = object.contains("status") ? object["status"] : Json();
    take_over(object, old->second, *kind, Part::kObject);
    if (!status.is_null()) {
      object["status"] = status;
    }
  }
  return keep(*kind, key, std::move(object));
}

void ObjectStore::remove(const std::string& kind_name, const std::string& space,
                         const std::string& name) {
  for (const Kind& kind : all_kinds()) {
    if (kind.name == kind_name) {
      erase(kind, space, name);
    }
  }
}

Reply ObjectStore::get(const Kind& kind, const std::string& space, const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found =
      objects_.find({std::string(kind.group_version), std::string(kind.plural), space, name});
  return found == objects_.end() ? not_found(kind, name) : Reply{200, found->second};
}

// Under the lock. The rest is kept under a cursor.
Json ObjectStore::page(const ListQuery& query, std::vector<Json> items, std::uint64_t version) {
  Json metadata{{"resourceVersion", std::to_string(version)}};
  if (query.limit > 0 && items.size() > query.limit) {
    constexpr std::size_t kMostRests = 64;
    const auto cut = items.begin() + static_cast<std::ptrdiff_t>(query.limit);
    // Ordered by age.
    const std::string cursor = "page/" + std::to_string(100'000'000 + ++cursors_) + "==";
    metadata["continue"] = cursor;
    metadata["remainingItemCount"] = items.size() - query.limit;
    rests_[cursor] = Rest{std::vector<Json>(cut, items.end()), version};
    items.erase(cut, items.end());
    if (rests_.size() > kMostRests) {
      rests_.erase(rests_.begin());
    }
  }
  // As an API server does: items of a list say no kind.
  for (Json& item : items) {
    item.erase("kind");
    item.erase("apiVersion");
  }
  return Json{{"kind", std::string(query.kind->name) + "List"},
              {"apiVersion", query.kind->group_version},
              {"metadata", std::move(metadata)},
              {"items", std::move(items)}};
}

Reply ObjectStore::list(const ListQuery& query) {
  const std::scoped_lock lock(mutex_);
  if (!query.cursor.empty()) {
    if (!query.version.empty()) {
      return refuse(400, "BadRequest",
                    "specifying resource version is not allowed when using continue");
    }
    const auto rest = rests_.find(query.cursor);
    if (rest == rests_.end()) {
      return refuse(410, "Expired",
                    "The provided continue parameter is too old to display a consistent list "
                    "result.");
    }
    const Rest copy = rest->second;
    return {200, page(query, copy.items, copy.version)};
  }
  if (!query.version.empty()) {
    const std::optional<std::uint64_t> asked = number_of(query.version);
    if (!asked.has_value()) {
      return refuse(400, "BadRequest", "invalid resource version");
    }
    if (*asked > version_) {
      return too_new(query.version, version_);
    }
  }
  std::vector<Json> items;
  for (const auto& [key, object] : objects_) {
    if (key.group_version == query.kind->group_version && key.plural == query.kind->plural &&
        (query.space.empty() || key.space == query.space) && query.selectors.match(object)) {
      items.push_back(object);
    }
  }
  return {200, page(query, std::move(items), version_)};
}

Reply ObjectStore::create(const Kind& kind, const std::string& space, Json object) {
  const std::scoped_lock lock(mutex_);
  std::string name = kube::name_of(object);
  if (name.empty() && !kube::text_at(object, {"metadata", "generateName"}).empty()) {
    name = kube::text_at(object, {"metadata", "generateName"}) + std::to_string(10'000 + ++uids_);
  }
  if (name.empty()) {
    return refuse(422, "Invalid",
                  "metadata.name: Required value: name or generateName is required");
  }
  const Key key{std::string(kind.group_version), std::string(kind.plural), space, name};
  if (objects_.contains(key)) {
    return refuse(409, "AlreadyExists",
                  std::string(kind.plural) + " \"" + name + "\" already exists");
  }
  object["metadata"].erase("uid");
  return {201, keep(kind, key, std::move(object))};
}

// Under the lock.
Reply ObjectStore::update(const Kind& kind, const Key& key, Part part, Json changed) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return not_found(kind, key.name);
  }
  const std::string& version = kube::resource_version_of(changed);
  if (!version.empty() && version != kube::resource_version_of(found->second)) {
    return refuse(409, "Conflict",
                  "Operation cannot be fulfilled on " + std::string(kind.plural) + " \"" +
                      key.name +
                      "\": the object has been modified; please apply your changes to the latest "
                      "version and try again");
  }
  take_over(changed, found->second, kind, part);
  changed["metadata"]["resourceVersion"] = kube::resource_version_of(found->second);
  if (changed == found->second) {
    return {200, found->second};  // nothing changes: no new version
  }
  return {200, keep(kind, key, std::move(changed))};
}

Reply ObjectStore::replace(const Kind& kind, const std::string& space, const std::string& name,
                           Part part, Json object) {
  const std::scoped_lock lock(mutex_);
  return update(kind, {std::string(kind.group_version), std::string(kind.plural), space, name},
                part, std::move(object));
}

Reply ObjectStore::patch(const Kind& kind, const std::string& space, const std::string& name,
                         Part part, PatchType type, const Json& change) {
  const std::scoped_lock lock(mutex_);
  const Key key{std::string(kind.group_version), std::string(kind.plural), space, name};
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return not_found(kind, name);
  }
  Json object = found->second;
  if (type == PatchType::kMerge) {
    object.merge_patch(change);
  } else if (const std::string failure = apply_strategic_merge(object, change); !failure.empty()) {
    return refuse(400, "BadRequest", failure);
  }
  if (!object.is_object()) {
    return refuse(422, "Invalid", "the patch makes it no object");
  }
  return update(kind, key, part, std::move(object));
}

Reply ObjectStore::erase(const Kind& kind, const std::string& space, const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const Key key{std::string(kind.group_version), std::string(kind.plural), space, name};
  const auto found = objects_.find(key);
  if (found == objects_.end()) {
    return not_found(kind, name);
  }
  Json last = std::move(found->second);
  objects_.erase(found);
  history_.push_back({++version_, key, last, Json()});
  changed_.notify_all();
  last["metadata"]["resourceVersion"] = std::to_string(version_);
  return {200, std::move(last)};
}

std::uint64_t ObjectStore::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

void ObjectStore::compact() {
  const std::scoped_lock lock(mutex_);
  // A change that nobody sees: what is current now is old too.
  forgotten_ = version_++;
  history_.clear();
  rests_.clear();
}

bool ObjectStore::is_forgotten(std::uint64_t version) const {
  const std::scoped_lock lock(mutex_);
  return version <= forgotten_;
}

ObjectStore::Changes ObjectStore::changes_after(const ListQuery& query,
                                                std::uint64_t version) const {
  const std::scoped_lock lock(mutex_);
  Changes changes;
  changes.version = version_;
  const auto first = std::ranges::upper_bound(history_, version, {}, &Change::version);
  for (auto change = first; change != history_.end(); ++change) {
    const Key& key = change->key;
    if (key.group_version != query.kind->group_version || key.plural != query.kind->plural ||
        (!query.space.empty() && key.space != query.space)) {
      continue;
    }
    const bool before = !change->before.is_null() && query.selectors.match(change->before);
    const bool after = !change->after.is_null() && query.selectors.match(change->after);
    if (after) {
      changes.events.push_back({before ? "MODIFIED" : "ADDED", change->after});
    } else if (before) {
      Json gone = change->before;
      gone["metadata"]["resourceVersion"] = std::to_string(change->version);
      changes.events.push_back({"DELETED", std::move(gone)});
    }
  }
  return changes;
}

void ObjectStore::wait_for_change(std::uint64_t version, std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  const std::uint64_t wakes = wakes_;
  changed_.wait_for(lock, longest, [&] { return version_ > version || wakes_ != wakes; });
}

void ObjectStore::wake() const {
  const std::scoped_lock lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

}  // namespace catena::test
