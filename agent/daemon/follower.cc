#include "agent/daemon/follower.h"

#include <nlohmann/json.hpp>

namespace catena::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Json = nlohmann::json;

// Pods that start have their limits already: only an annotation that changed meanwhile is late.
constexpr Loop::Millis kGatherRecords{500};

const DutyKind& duty() { return *find_duty("bandwidth.follow").value(); }

std::string rate_of(const Json& change, const char* direction) {
  const auto bits = change.value(direction, std::uint64_t{0});
  return bits == 0 ? "without a limit" : "at most " + std::to_string(bits) + " bit/s";
}

}  // namespace

Follower::Follower(Loop& loop, Desk& desk, base::Log& log, std::function<bool()> is_synced)
    : loop_(loop),
      log_(log),
      is_synced_(std::move(is_synced)),
      follow_(
          loop, desk, log, duty(),
          {.period = minutes(5),
           .gather = Millis(20),
           .spacing = Millis(100),
           .first_retry = seconds(1),
           .budget = seconds(30)},
          [] { return std::string("{}"); }, [this](const Json& result) { tell(result); }) {}

base::Result<std::unique_ptr<Follower>> Follower::open(const std::string& state_dir, Loop& loop,
                                                       Desk& desk, base::Log& log,
                                                       std::function<bool()> is_synced) {
  std::unique_ptr<Follower> follower(new Follower(loop, desk, log, std::move(is_synced)));
  Follower* const self = follower.get();
  follower->records_ =
      TRY(FolderWatch::open({state_dir + "/shaped", WatchedFolder::Changes::kContents}, loop,
                            [self] { self->on_records(); }));
  return follower;
}

void Follower::nudge() {
  if (is_synced_()) {
    follow_.nudge();
  }
}

void Follower::on_records() {
  if (timer_ == 0) {
    timer_ = loop_.after(kGatherRecords, [this] {
      timer_ = 0;
      nudge();
    });
  }
}

void Follower::tell(const Json& result) {
  for (const Json& change : result.value("changed", Json::array())) {
    log_.info("bandwidth.follow: " + change.value("pod", "") + " receives " +
              rate_of(change, "ingress") + ", sends " + rate_of(change, "egress"));
  }
  std::set<std::string> refused;
  for (const Json& text : result.value("refused", Json::array())) {
    refused.insert(text.get<std::string>());
  }
  for (const std::string& text : refused) {
    if (!refused_.contains(text)) {
      log_.warning("bandwidth.follow: " + text + "; its limits stay as they are");
    }
  }
  refused_ = std::move(refused);
}

}  // namespace catena::agent
