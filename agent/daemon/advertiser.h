// Keeps aliyun/eni of the node's status as the duty eni.capacity says.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/desk.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/recurring.h"
#include "common/base/log.h"

namespace catena::agent {

// Of the loop's thread.
class Advertiser {
 public:
  // All must outlive it. `eni_conf` may be empty, as in NodeOptions.
  Advertiser(const std::string& eni_conf, Loop& loop, Desk& desk, base::Log& log);

  // eni.conf may say something else by now.
  void read_anew() { ask_.nudge_at_once(); }

 private:
  void hear(const nlohmann::json& answer);
  std::string args_of_status();

  std::string eni_conf_;
  base::Log& log_;
  std::optional<int> capacity_;
  bool wanted_ = true;
  Recurring ask_;
  Recurring tell_;
};

}  // namespace catena::agent
