#include "agent/daemon/daemon.h"

#include <csignal>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <optional>
#include <sys/epoll.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "agent/daemon/advertiser.h"
#include "agent/daemon/desk.h"
#include "agent/daemon/folder_watch.h"
#include "agent/daemon/follower.h"
#include "agent/daemon/http_server.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/memory.h"
#include "agent/daemon/mender.h"
#include "agent/daemon/metrics.h"
#include "agent/daemon/pods_watch.h"
#include "agent/daemon/policy_keeper.h"
#include "agent/daemon/recurring.h"
#include "agent/daemon/results.h"
#include "agent/daemon/signals.h"
#include "agent/daemon/socket_server.h"

namespace catena::agent {
namespace {

using base::Error;
using base::Result;
using base::Status;
using Json = nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The loop waits no longer for a plugin that has the store's lock.
constexpr Millis kStorePatience{200};
// An intent this old is not being worked on by the call that began it, or that call still holds the
// lock for which recover waits.
constexpr seconds kIntentAge{20};
constexpr seconds kLookAtIntents{30};
// A duty so long past its budget hangs.
constexpr seconds kHangs{60};
constexpr Millis kGatherChanges{200};

class Daemon {
 public:
  Daemon(DaemonOptions options, std::unique_ptr<Loop> loop, base::Log& log)
      : options_(std::move(options)),
        log_(log),
        loop_(std::move(loop)),
        nodes_(options_.node),
        desk_(*loop_, nodes_, log_),
        store_(options_.node.state_dir, {.lock_patience = kStorePatience}) {}

  Status start() {
    signals_ = TRY(open_signals({SIGTERM, SIGINT, SIGHUP}));
    TRY(loop_->watch(signals_.get(), EPOLLIN, [this] { on_signal(); }));
    watch_ = TRY(
        FolderWatch::open({options_.node.state_dir, WatchedFolder::Changes::kContents, "journal"},
                          *loop_, [this] { on_store_change(); }));
    socket_ = TRY(SocketServer::open(socket_path(), *loop_, desk_, log_));
    if (options_.listen != "none") {
      http_ = TRY(HttpServer::open(options_.listen, *loop_,
                                   [this](std::string_view path) { return page(path); }));
    }
    TRY(watch_pods());
    make_pool_duties();
    make_node_duties();
    if (!options_.conflist.from.empty()) {
      mender_ =
          TRY(Mender::open(options_.node.state_dir, options_.conflist.from, *loop_, log_, tally_));
      compare_now_and_then();
    }
    look_at_intents(seconds(1));
    idle_memory_ = std::make_unique<IdleMemory>(*loop_, [this] { return work_done(); });
    log_.info("serving at " + socket_path() +
              (http_ ? ", metrics at http://" + http_->address() + "/metrics" : std::string()));
    return {};
  }

  Status run() { return loop_->run(); }
  // Nobody finds the socket from now on.
  void close() { socket_.reset(); }

 private:
  using Done = Recurring::Done;

  std::unique_ptr<Recurring> make(std::string_view duty, const Rhythm& rhythm, Recurring::Args args,
                                  Done done) {
    const Result<const DutyKind*> kind = find_duty(duty);
    return std::make_unique<Recurring>(*loop_, desk_, log_, *kind.value(), rhythm, std::move(args),
                                       std::move(done));
  }

  static std::string no_args() { return "{}"; }

  Status watch_pods() {
    if (options_.node.api == "none") {
      return {};
    }
    Result<kube::Config> config = api_config(options_.node.api);
    if (!config.ok()) {
      return std::move(config).error();
    }
    pods_ = TRY(PodsWatch::open(std::move(config).value(), options_.node.node_name, *loop_, log_,
                                {.pending =
                                     [this] {
                                       if (keep_ != nullptr) {
                                         keep_->nudge();
                                       }
                                     },
                                 .wishes = [this] { follower_->nudge(); }}));
    follower_ = TRY(Follower::open(options_.node.state_dir, *loop_, desk_, log_,
                                   [this] { return pods_->is_synced(); }));
    desk_.set_pods([this] { return pods_->seen(); });
    desk_.set_find_wishes([this](const podwish::PodName& pod) { return pods_->find(pod); });
    if (options_.policy) {
      policy_ = TRY(PolicyKeeper::open({.state_dir = options_.node.state_dir,
                                        .api = options_.node.api,
                                        .backend = options_.policy_backend,
                                        .revoke = options_.policy_revoke},
                                       *loop_, desk_, log_));
    }
    return {};
  }

  void make_pool_duties() {
    recover_ = make("recover", {.period = hours(24), .spacing = seconds(30)}, no_args, nullptr);
    if (options_.pool == Pool::kNothing) {
      return;
    }
    if (options_.pool == Pool::kAll) {
      keep_ = make(
          "pool.keep", {.period = minutes(1)},
          [this] {
            return base::print_json(Json{{"pending", pods_ == nullptr ? 0 : pods_->pending()}});
          },
          [this](const Json& result) { tell_kept(result, log_); });
      keep_->start();
    }
    keep_enis_ = make("eni.keep", {.period = minutes(1)}, no_args,
                      [this](const Json& result) { tell_kept_enis(result, log_); });
    keep_enis_->start();
    sync_ = make("pool.sync", {.first = seconds(10), .period = minutes(2)}, no_args,
                 [this](const Json& result) {
                   tell_synced(result, log_);
                   if (const auto node = nodes_.known()) {
                     sync_->set_period(node->sync_period());
                   }
                 });
    sync_->start();
  }

  void make_node_duties() {
    gc_ = make("gc", {.first = seconds(2), .period = minutes(5), .spacing = seconds(10)}, no_args,
               [this](const Json& result) { on_collected(result); });
    gc_->start();
    if (options_.advertise_enis) {
      advertiser_ = std::make_unique<Advertiser>(options_.node.eni_conf, *loop_, desk_, log_);
    }
    if (options_.conflist.from.empty()) {
      return;
    }
    conflist_ = make(
        "conflist",
        {.period = minutes(1),
         .first_retry = seconds(2),
         .last_retry = seconds(30),
         .budget = seconds(30)},
        [this] {
          return base::print_json(Json{{"from", options_.conflist.from},
                                       {"to", options_.conflist.to},
                                       {"cniPath", options_.conflist.cni_path}});
        },
        [this](const Json& result) {
          tally_.conflist = 1;
          if (result.value("written", false)) {
            log_.info("wrote " + options_.conflist.to + ": this node can serve pods");
          }
        });
    tally_.conflist = 0;
    conflist_->start();
  }

  void on_collected(const Json& result) {
    tell_collected(result, log_);
    for (const Json& found : result.value("garbage", Json::array())) {
      ++tally_.collected[found.value("kind", "")];
    }
    tally_.doubtful = static_cast<int>(result.value("doubtful", Json::array()).size());
  }

  // Pods that start together change the store often: it is looked at once for all of them.
  void on_store_change() {
    if (change_timer_ != 0) {
      return;
    }
    change_timer_ = loop_->after(kGatherChanges, [this] {
      change_timer_ = 0;
      act_on_change();
    });
  }

  void act_on_change() {
    for (Recurring* duty : {keep_.get(), keep_enis_.get()}) {
      if (duty != nullptr) {
        duty->nudge();
      }
    }
    if (conflist_ != nullptr && !conflist_->is_well()) {
      conflist_->nudge();
    }
    look_at_intents(kLookAtIntents);
    if (mender_ != nullptr && enis_changed()) {
      mender_->compare_soon();
    }
  }

  // New ENIs are set up on the host before a pod asks for one.
  bool enis_changed() {
    const auto stock = store_.stock();
    if (!stock.ok()) {
      return false;
    }
    std::vector<std::string> serving;
    for (const ipam::EniStock& one : *stock) {
      if (one.serves()) {
        serving.push_back(one.eni.id);
      }
    }
    return std::exchange(serving_, serving) != serving;
  }

  // What a call began and did not finish is carried to an end by recover, some time after nobody
  // works on it any more.
  void look_at_intents(Millis from_now) {
    if (intents_timer_ != 0) {
      return;
    }
    intents_timer_ = loop_->after(from_now, [this] {
      intents_timer_ = 0;
      const auto records = store_.cloud();
      if (!records.ok() || records->intents.empty()) {
        return;
      }
      if (std::chrono::system_clock::now() - records->intents.front().since >= kIntentAge) {
        recover_->nudge();
      }
      look_at_intents(kLookAtIntents);
    });
  }

  void compare_now_and_then() {
    loop_->after(minutes(5), [this] {
      mender_->compare_soon();
      compare_now_and_then();
    });
  }

  // By duties and for policies.
  std::optional<std::uint64_t> work_done() const {
    if (!desk_.idle()) {
      return std::nullopt;
    }
    std::uint64_t done = policy_ == nullptr ? 0 : policy_->counts().writes;
    for (const auto& [name, count] : desk_.counts()) {
      done += count.done + count.failed;
    }
    return done;
  }

  void on_signal() {
    while (const std::optional<int> signal = next_signal(signals_)) {
      if (*signal != SIGHUP) {
        log_.info("ending");
        loop_->stop();
        return;
      }
      log_.info("reading eni.conf and conflist anew");
      nodes_.forget();
      for (Recurring* duty : {keep_.get(), keep_enis_.get(), sync_.get(), conflist_.get()}) {
        if (duty != nullptr) {
          duty->nudge_at_once();
        }
      }
      if (mender_ != nullptr) {
        mender_->read_anew();
      }
      if (advertiser_ != nullptr) {
        advertiser_->read_anew();
      }
    }
  }

  Page page(std::string_view path) {
    if (path == "/healthz") {
      return health();
    }
    if (path == "/metrics") {
      if (nodes_.known() != nullptr) {
        tally_.eni_conf = nodes_.refused().empty() ? 1 : 0;
      }
      if (pods_ != nullptr) {
        tally_.api_synced = pods_->is_synced() ? 1 : 0;
        tally_.pods_pending = pods_->pending();
      }
      if (policy_ != nullptr) {
        tally_.policy = policy_->counts();
      }
      return {.type = "text/plain; version=0.0.4; charset=utf-8",
              .body = metrics_text(desk_.counts(), tally_, store_.list())};
    }
    return {.status = 404, .body = "there are /metrics and /healthz\n"};
  }

  // What a restart may mend, and nothing else: the cloud's troubles are in the metrics.
  Page health() {
    if (desk_.overdue() > kHangs) {
      return {.status = 503, .body = "a duty hangs\n"};
    }
    const auto stock = store_.stock(ipam::IfBusy::kFail);
    if (!stock.ok() && !stock.error().is(base::ErrorKind::kTryAgain)) {
      return {.status = 503, .body = stock.error().text() + "\n"};
    }
    return {.body = "ok\n"};
  }

  DaemonOptions options_;
  base::Log& log_;
  std::unique_ptr<Loop> loop_;
  Nodes nodes_;
  Desk desk_;
  ipam::Store store_;
  Tally tally_;
  base::UniqueFd signals_;
  std::unique_ptr<FolderWatch> watch_;
  std::unique_ptr<SocketServer> socket_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Mender> mender_;
  std::unique_ptr<PodsWatch> pods_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<PolicyKeeper> policy_;
  std::unique_ptr<Recurring> keep_;
  std::unique_ptr<Recurring> keep_enis_;
  std::unique_ptr<Recurring> sync_;
  std::unique_ptr<Recurring> recover_;
  std::unique_ptr<Recurring> gc_;
  std::unique_ptr<Recurring> conflist_;
  std::unique_ptr<Advertiser> advertiser_;
  std::unique_ptr<IdleMemory> idle_memory_;
  std::vector<std::string> serving_;
  Loop::TimerId intents_timer_ = 0;
  Loop::TimerId change_timer_ = 0;
};

Exit exit_for(const Error& error) {
  return error.is(base::ErrorKind::kBadConfig) || error.is(base::ErrorKind::kBadEnvironment)
             ? Exit::kUsage
             : Exit::kFailed;
}

}  // namespace

Exit run_daemon(const DaemonOptions& options) {
  // Threads that wait for the cloud need no heap of their own each.
  ::mallopt(M_ARENA_MAX, 1);
  std::signal(SIGPIPE, SIG_IGN);
  base::Log log("catena-agent");
  log.to_stderr();
  Result<std::unique_ptr<Loop>> loop = Loop::open();
  Status status = loop.ok() ? Status() : Status(loop.error());
  if (status.ok()) {
    Daemon daemon(options, std::move(loop).value(), log);
    status = daemon.start();
    if (status.ok()) {
      status = daemon.run();
      daemon.close();
      // Threads that wait for the cloud work with the daemon's members.
      std::_Exit(static_cast<int>(status.ok() ? Exit::kDone : Exit::kFailed));
    }
  }
  log.error("does not start: " + status.error().text());
  return exit_for(status.error());
}

}  // namespace catena::agent
