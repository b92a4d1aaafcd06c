#include "agent/daemon/policy_keeper.h"

#include <algorithm>
#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "agent/policy/connections.h"
#include "agent/policy/show.h"
#include "common/base/fields.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;
using std::chrono::seconds;
using Json = nlohmann::json;

// Of records that come and go at once.
constexpr Millis kGatherRecords{100};
// The loop waits no longer for one call that writes rules too.
constexpr Millis kLockPatience{500};
constexpr Millis kFirstRetry{50};
constexpr Millis kLastRetry{5'000};
// What a power cut may take of the snapshot.
constexpr Millis kSyncAfter{1'000};
constexpr seconds kCompareNics{30};
constexpr std::chrono::minutes kCompareAll{5};
constexpr seconds kBetweenRewrites{10};
constexpr Millis kBetweenRepairs{200};
constexpr const char* kNotKnownYet = "the API server has not told its policies yet";
constexpr std::size_t kMostTold = 1'000;

Result<Json> answer_of(const std::string& args, Enforcer& enforcer,
                       Result<Json> (*look)(Enforcer& enforcer, base::Fields& args)) {
  const Json json = TRY(base::parse_json(args, kMostPolicyArgs));
  base::Fields fields = TRY(base::Fields::of(json, ""));
  return look(enforcer, fields);
}

}  // namespace

void PolicyCounts::count(std::chrono::duration<double> taken) {
  const auto* const bound = std::ranges::lower_bound(kBounds, taken.count());
  ++latency.at(static_cast<std::size_t>(bound - kBounds.begin()));
  latency_sum += taken.count();
}

Result<std::unique_ptr<PolicyKeeper>> PolicyKeeper::open(const Settings& settings, Loop& loop,
                                                         Desk& desk, base::Log& log) {
  Result<kube::Config> config = api_config(settings.api);
  if (!config.ok()) {
    return std::move(config).error();
  }
  std::unique_ptr<PolicyKeeper> keeper(new PolicyKeeper(settings, loop, log));
  TRY(keeper->start(*config, desk));
  return keeper;
}

Status PolicyKeeper::start(const kube::Config& config, Desk& desk) {
  TRY(load());
  folder_ = TRY(FolderWatch::open({enforcer_.records().directory(), WatchedFolder::Changes::kNames},
                                  loop_, [this] { on_records(); }));
  watch_ = TRY(ClusterWatch::open(config, loop_, log_, enforcer_.cluster(),
                                  [this](Steady::time_point heard) { on_objects(heard); }));
  TRY(hear_of_foreign_changes());
  desk.answer_in_loop("policy.add",
                      [this](const std::string& args, Millis budget, const Desk::Reply& reply) {
                        if (asks_.take(args, budget, reply)) {
                          write_soon();
                        }
                      });
  answer(desk, "policy.explain", [](Enforcer& enforcer, base::Fields& fields) {
    return explain_policy(enforcer.cluster(), fields);
  });
  answer(desk, "policy.show", show_policy);
  desk.answer_in_loop("policy.sync", [this](const std::string& /*args*/, Millis /*budget*/,
                                            const Desk::Reply& reply) { sync(reply); });
  forget_earlier_flows();
  on_records();
  compare_now_and_then(kCompareNics);
  return {};
}

void PolicyKeeper::answer(Desk& desk, const std::string& duty, Look look) {
  desk.answer_in_loop(
      duty, [this, look](const std::string& args, Millis /*budget*/, const Desk::Reply& reply) {
        reply(ready_ ? answer_of(args, enforcer_, look)
                     : Desk::Answer(Error(ErrorKind::kNotAvailable, std::string(kNotKnownYet))));
      });
}

// Rules are written before the API server has answered only where it is known what they were.
Status PolicyKeeper::load() {
  const base::FileLock lock = TRY(enforcer_.lock(base::Deadline(seconds(10))));
  std::vector<std::string> notices;
  ready_ = TRY(enforcer_.cluster().load(notices));
  for (const std::string& notice : notices) {
    log_.warning("policy: " + notice);
  }
  return {};
}

PolicyKeeper::~PolicyKeeper() {
  for (const Loop::TimerId timer :
       {write_timer_, records_timer_, snapshot_timer_, compare_timer_, foreign_timer_}) {
    loop_.cancel(timer);
  }
  if (rules_watch_.has_value()) {
    loop_.forget(rules_watch_->fd());
  }
}

PolicyCounts PolicyKeeper::counts() const {
  PolicyCounts counts = counts_;
  const Cluster& cluster = enforcer_.cluster();
  counts.policies = cluster.objects().policies().size();
  counts.namespaces = cluster.objects().namespaces().size();
  counts.pods = cluster.objects().pods().size();
  counts.subjects = cluster.records().size();
  counts.synced = watch_->is_synced();
  counts.behind = enforcer_.behind().size();
  counts.disturbed = enforcer_.kernel().disturbed();
  counts.revoked = revoker_.cut();
  return counts;
}

void PolicyKeeper::on_objects(Steady::time_point heard) {
  if (!heard_.has_value()) {
    heard_ = heard;
  }
  ready_ = ready_ || watch_->has_everything();
  if (ready_) {
    (void)write();
  }
}

// An ADD brings its record along, and does not wait for those of all others to be read.
void PolicyKeeper::on_records() {
  if (records_timer_ == 0) {
    records_timer_ = loop_.after(kGatherRecords, [this] {
      records_timer_ = 0;
      records_changed_ = true;
      (void)write();
    });
  }
}

Status PolicyKeeper::hear_of_foreign_changes() {
  Result<firewall::RulesetWatch> watch = firewall::RulesetWatch::open();
  if (!watch.ok()) {
    log_.warning("policy: what somebody else changes is mended within half a minute only: " +
                 watch.error().text());
    return {};
  }
  rules_watch_ = std::move(watch).value();
  return loop_.watch(rules_watch_->fd(), EPOLLIN, [this] { on_foreign(); });
}

// What all pods share is brought back at once, though no more than five times a second when
// somebody keeps undoing it. A pod's own rules mostly go with the pod, whose record goes last.
void PolicyKeeper::on_foreign() {
  const Result<firewall::Foreign> heard = rules_watch_->read();
  if (!heard.ok()) {
    warn_once(heard.error().text());
    return;
  }
  if (*heard == firewall::Foreign::kNothing || foreign_timer_ != 0) {
    return;
  }
  const bool at_once =
      *heard == firewall::Foreign::kOfAll && Steady::now() - mended_ >= kBetweenRepairs;
  foreign_timer_ = loop_.after(at_once ? Millis(0) : kBetweenRepairs, [this] {
    foreign_timer_ = 0;
    mended_ = Steady::now();
    enforcer_.doubt_all();
    records_changed_ = true;
    (void)write();
  });
}

void PolicyKeeper::sync(const Desk::Reply& reply) {
  if (!ready_) {
    reply(Error(ErrorKind::kNotAvailable, kNotKnownYet));
    return;
  }
  enforcer_.doubt_all();
  records_changed_ = true;
  const Status written = write();
  reply(written.ok()
            ? Desk::Answer(Json{{"pods", counts().subjects}, {"policies", counts().policies}})
            : Desk::Answer(written.error()));
}

// Those that come in one round of the loop are one transaction.
void PolicyKeeper::write_soon(Millis from_now) {
  loop_.cancel(write_timer_);
  write_timer_ = loop_.after(from_now, [this] {
    write_timer_ = 0;
    (void)write();
  });
}

Status PolicyKeeper::write() {
  if (!ready_) {
    return {};
  }
  const Result<bool> changed = write_locked();
  Status written = changed.ok() ? Status() : Status(changed.error());
  tell(written);
  if (written.ok()) {
    counts_.writes += *changed ? 1U : 0U;
    if (*changed && heard_.has_value()) {
      counts_.count(Steady::now() - *heard_);
    }
    heard_.reset();
    if (*changed && settings_.revoke) {
      revoke_flows();
    }
  }
  asks_.answer(written);
  sync_snapshot_soon();
  if (!written.ok() || enforcer_.is_behind()) {
    retry_ = std::clamp(2 * retry_, kFirstRetry, kLastRetry);
    write_soon(retry_);
  } else {
    retry_ = Millis(0);
  }
  return written;
}

Result<bool> PolicyKeeper::write_locked() {
  const base::FileLock lock = TRY(enforcer_.lock(base::Deadline(kLockPatience)));
  if (records_changed_) {
    std::vector<std::string> notices;
    std::set<IpAddress> left;
    TRY(enforcer_.read_records(notices, left));
    records_changed_ = false;
    forget_flows({left.begin(), left.end()});
    for (const std::string& notice : notices) {
      warn_once(notice);
    }
  }
  keep_snapshot();
  return enforcer_.write(asks_.put_new());
}

void PolicyKeeper::tell(const Status& written) {
  std::string failure = written.ok() ? std::string() : written.error().text();
  for (const auto& [id, error] : enforcer_.behind()) {
    failure += (failure.empty() ? "" : "; ") + error.text();
  }
  counts_.failures += failure.empty() ? 0U : 1U;
  if (failure != last_failure_) {
    if (failure.empty()) {
      log_.info("policy: all rules are written");
    } else {
      log_.error("policy: not written, tried again: " + failure);
    }
    last_failure_ = std::move(failure);
  }
  for (const std::string& notice : enforcer_.take_notices()) {
    warn_once(notice);
  }
}

void PolicyKeeper::revoke_flows() {
  const auto firewall = enforcer_.kernel().firewall();
  if (firewall.ok() && *firewall == firewall::Backend::kNftables) {
    revoker_.look();
  } else {
    warn_once(
        "flows that policies forbid go on in spite of --policy-revoke on: with the back end "
        "iptables they can't be cut");
  }
}

void PolicyKeeper::warn_once(const std::string& text) {
  if (told_.size() >= kMostTold) {
    told_.clear();
  }
  if (told_.insert(text).second) {
    log_.warning("policy: " + text);
  }
}

void PolicyKeeper::forget_flows(std::vector<IpAddress> left) {
  flows_.submit([this, left = std::move(left)] {
    std::vector<std::string> notices;
    forget_left(enforcer_.records(), left, notices);
    tell_later(std::move(notices));
  });
}

// Of pods that went while no agent was there.
void PolicyKeeper::forget_earlier_flows() {
  flows_.submit([this, state_dir = settings_.state_dir] {
    std::vector<std::string> notices;
    forget_left(enforcer_.records(), addresses_without_pod(state_dir, notices), notices);
    tell_later(std::move(notices));
  });
}

void PolicyKeeper::tell_later(std::vector<std::string> notices) {
  loop_.post([this, notices = std::move(notices)] {
    for (const std::string& notice : notices) {
      warn_once(notice);
    }
  });
}

// Before the rules that follow from it. Of a list that is not complete yet there is nothing to be
// kept, unless there was a snapshot to begin with.
void PolicyKeeper::keep_snapshot() {
  Snapshot& snapshot = enforcer_.cluster().snapshot();
  const bool due = snapshot.usable() ? snapshot.is_long() : watch_->has_everything();
  if (!due || Steady::now() < next_rewrite_) {
    return;
  }
  if (const Status written = enforcer_.cluster().rewrite_snapshot(); !written.ok()) {
    warn_once(written.error().text());
  }
  next_rewrite_ = Steady::now() + kBetweenRewrites;
}

void PolicyKeeper::sync_snapshot_soon() {
  if (snapshot_timer_ != 0) {
    return;
  }
  snapshot_timer_ = loop_.after(kSyncAfter, [this] {
    snapshot_timer_ = 0;
    base::UniqueFd file = enforcer_.cluster().snapshot().take_unsynced();
    if (file.valid()) {
      flows_.submit([file = std::make_shared<base::UniqueFd>(std::move(file))] {
        (void)::fdatasync(file->get());
      });
    }
  });
}

bool PolicyKeeper::hears_of_all() {
  const auto firewall = enforcer_.kernel().firewall();
  return rules_watch_.has_value() && firewall.ok() && *firewall == firewall::Backend::kNftables;
}

// A pod can undo what is inside it, and nothing tells of it.
void PolicyKeeper::compare_now_and_then(Millis from_now) {
  compare_timer_ = loop_.after(from_now, [this] {
    if (ready_) {
      if (Steady::now() - compared_ >= kCompareAll || !hears_of_all()) {
        compared_ = Steady::now();
        enforcer_.doubt_all();
        records_changed_ = true;
      } else {
        enforcer_.compare_nics();
      }
      (void)write();
    }
    compare_now_and_then(kCompareNics);
  });
}

}  // namespace catena::agent
