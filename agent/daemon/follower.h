// Keeps limits of running pods as their annotations say.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "agent/daemon/desk.h"
#include "agent/daemon/folder_watch.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/recurring.h"
#include "common/base/log.h"

namespace catena::agent {

// Of the loop's thread.
class Follower {
 public:
  // `is_synced`: whether the pods of this node are known. All must outlive it.
  static base::Result<std::unique_ptr<Follower>> open(const std::string& state_dir, Loop& loop,
                                                      Desk& desk, base::Log& log,
                                                      std::function<bool()> is_synced);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  Follower(Follower&&) = delete;
  Follower& operator=(Follower&&) = delete;
  ~Follower() { loop_.cancel(timer_); }

  // A pod wishes something else than before.
  void nudge();

 private:
  Follower(Loop& loop, Desk& desk, base::Log& log, std::function<bool()> is_synced);
  void on_records();
  void tell(const nlohmann::json& result);

  Loop& loop_;
  base::Log& log_;
  std::function<bool()> is_synced_;
  Recurring follow_;
  std::unique_ptr<FolderWatch> records_;
  Loop::TimerId timer_ = 0;
  std::set<std::string> refused_;  // told already
};

}  // namespace catena::agent
