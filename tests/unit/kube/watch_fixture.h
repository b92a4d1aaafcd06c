// A watcher in a loop, and what it has told.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <poll.h>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "common/kube/objects.h"
#include "common/kube/watcher.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {

// What a user of the watcher keeps: the objects as they are now.
class Mirror {
 public:
  OnEvent handler() {
    return [this](EventType type, Json&& object) { take(type, std::move(object)); };
  }
  const std::vector<std::string>& told() const { return told_; }
  void forget_told() { told_.clear(); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, object] : objects_) {
      names.push_back(name);
    }
    return names;
  }
  const Json& object(const std::string& name) const { return objects_.at(name); }

 private:
  void take(EventType type, Json&& object) {
    static const std::map<EventType, std::string> words{
        {EventType::kRelistBegins, "begin"}, {EventType::kListed, "listed"},
        {EventType::kRelistEnds, "end"},     {EventType::kAdded, "added"},
        {EventType::kModified, "modified"},  {EventType::kDeleted, "deleted"}};
    const std::string name = name_of(object);
    told_.push_back(words.at(type) + (name.empty() ? "" : " " + name));
    switch (type) {
      case EventType::kRelistBegins:
        listed_.clear();
        break;
      case EventType::kListed:
        listed_[name] = std::move(object);
        break;
      case EventType::kRelistEnds:
        objects_ = std::move(listed_);
        break;
      case EventType::kAdded:
      case EventType::kModified:
        objects_[name] = std::move(object);
        break;
      case EventType::kDeleted:
        objects_.erase(name);
        break;
    }
  }

  std::map<std::string, Json> objects_;
  std::map<std::string, Json> listed_;
  std::vector<std::string> told_;
};

class WatchFixture : public testing::Test {
 protected:
  static constexpr Millis kPatience{20'000};

  WatchOptions quick_watch() {
    WatchOptions options;
    options.backoff = {Millis(5), Millis(50)};
    options.on_trouble = [this](const base::Error& error, Millis wait) {
      troubles_.emplace_back(error.code(), wait);
      last_trouble_ = error.text();
    };
    return options;
  }

  void watch(const Selection& selection = {.resource = kPods}) { watch(selection, quick_watch()); }
  void watch(const Selection& selection, WatchOptions options) {
    watch(server_.config(), selection, std::move(options));
  }
  void watch(const Config& config, const Selection& selection, WatchOptions options) {
    auto made = Watcher::create(config, selection, mirror_.handler(), std::move(options));
    ASSERT_TRUE(made.ok()) << made.error().text();
    watcher_.emplace(std::move(made).value());
  }

  // Runs the loop until `done`; false when that takes too long.
  bool run_until(const std::function<bool()>& done, Millis patience = kPatience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() >= end) {
        return false;
      }
      pollfd waiting{watcher_->fd(), POLLIN, 0};
      if (::poll(&waiting, 1, 10) > 0) {
        ++steps_;
        watcher_->step();
      }
    }
    return true;
  }
  // Listed, a watch open, and no trouble.
  bool settle() {
    return run_until([this] {
      return watcher_->synced() && server_.watches() == 1 && !watcher_->trouble().has_value();
    });
  }
  bool run_until_names(const std::vector<std::string>& names) {
    return run_until([&] { return mirror_.names() == names; });
  }
  void run_for(Millis time) {
    run_until([] { return false; }, time);
  }

  test::ApiServer server_;
  Mirror mirror_;
  std::optional<Watcher> watcher_;
  std::vector<std::pair<std::string, Millis>> troubles_;
  std::string last_trouble_;
  int steps_ = 0;
};

}  // namespace catena::kube
