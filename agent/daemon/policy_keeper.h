// Keeps the kernel's rules of this node's pods as NetworkPolicies say, and tells ADDs when theirs
// are in place.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/daemon/cluster_watch.h"
#include "agent/daemon/desk.h"
#include "agent/daemon/folder_watch.h"
#include "agent/daemon/lane.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/policy_asks.h"
#include "agent/daemon/policy_counts.h"
#include "agent/daemon/revoker.h"
#include "agent/policy/enforcer.h"
#include "common/base/fields.h"
#include "common/base/log.h"
#include "common/firewall/ruleset_watch.h"
#include "common/kube/config.h"

namespace catena::agent {

// Of the loop's thread and namespace.
class PolicyKeeper {
 public:
  struct Settings {
    std::string state_dir;
    std::string api;  // agent/api.h
    firewall::Backend backend = firewall::Backend::kAuto;
    bool revoke = false;  // cut running flows that the rules forbid
  };
  // Answers the policy duties that `desk` is asked for. All must outlive it.
  static base::Result<std::unique_ptr<PolicyKeeper>> open(const Settings& settings, Loop& loop,
                                                          Desk& desk, base::Log& log);
  PolicyKeeper(const PolicyKeeper&) = delete;
  PolicyKeeper& operator=(const PolicyKeeper&) = delete;
  PolicyKeeper(PolicyKeeper&&) = delete;
  PolicyKeeper& operator=(PolicyKeeper&&) = delete;
  ~PolicyKeeper();

  PolicyCounts counts() const;

 private:
  using Steady = std::chrono::steady_clock;

  PolicyKeeper(const Settings& settings, Loop& loop, base::Log& log)
      : settings_(settings),
        loop_(loop),
        log_(log),
        enforcer_(settings.state_dir, settings.backend),
        asks_(settings.api, enforcer_, loop, log,
              {.write = [this] { (void)write(); },
               .warn = [this](const std::string& text) { warn_once(text); }}),
        revoker_(enforcer_, loop, [this](const std::string& text) { warn_once(text); }) {}
  base::Status start(const kube::Config& config, Desk& desk);
  base::Status load();

  void on_objects(Steady::time_point heard);
  void on_records();
  base::Status hear_of_foreign_changes();
  // Whether the firewall tells of what others do to it.
  bool hears_of_all();
  // Somebody else was at our rules.
  void on_foreign();
  void sync(const Desk::Reply& reply);
  using Look = base::Result<nlohmann::json> (*)(Enforcer& enforcer, base::Fields& args);
  void answer(Desk& desk, const std::string& duty, Look look);
  void write_soon(Millis from_now = Millis(0));
  // Everything that is known by now, into snapshot and kernel, and answers to those who wait.
  base::Status write();
  base::Result<bool> write_locked();
  void tell(const base::Status& written);
  void revoke_flows();
  void warn_once(const std::string& text);
  void forget_flows(std::vector<base::IpAddress> left);
  void forget_earlier_flows();
  // From any thread.
  void tell_later(std::vector<std::string> notices);
  void keep_snapshot();
  void sync_snapshot_soon();
  void compare_now_and_then(Millis from_now);

  Settings settings_;
  Loop& loop_;
  base::Log& log_;
  Enforcer enforcer_;
  PolicyAsks asks_;
  Revoker revoker_;
  std::unique_ptr<ClusterWatch> watch_;
  std::unique_ptr<FolderWatch> folder_;
  std::optional<firewall::RulesetWatch> rules_watch_;
  Lane flows_;
  bool ready_ = false;
  bool records_changed_ = true;
  std::optional<Steady::time_point> heard_;  // of the oldest change that the kernel lacks
  Millis retry_{0};
  Loop::TimerId write_timer_ = 0;
  Loop::TimerId records_timer_ = 0;
  Loop::TimerId snapshot_timer_ = 0;
  Loop::TimerId compare_timer_ = 0;
  Loop::TimerId foreign_timer_ = 0;
  Steady::time_point mended_;
  Steady::time_point compared_ = Steady::now();  // the first write compares everything
  Steady::time_point next_rewrite_;
  std::string last_failure_;
  std::set<std::string> told_;
  PolicyCounts counts_;
};

}  // namespace catena::agent
