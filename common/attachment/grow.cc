#include "common/attachment/grow.h"

#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/base/fields.h"
#include "common/base/file.h"

namespace catena::attachment {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Json = nlohmann::json;

// The one who asks waits for others that start at the same time, as long as some come.
constexpr milliseconds kGather{20};
constexpr int kGatherTimes = 10;
// So long nobody asks again after a failure: the next try of a runtime comes later.
constexpr std::chrono::seconds kFailureCounts{10};
constexpr std::size_t kMostFailure = 65'536;  // bytes

std::string path_of(const Growth& growth, const char* name, const char* ending = "") {
  const std::string queue = growth.queue.empty() ? "" : "-" + growth.queue;
  return growth.state_dir + "/" + name + queue + ending;
}
std::string failure_path(const Growth& growth) { return path_of(growth, "grow", ".failure"); }
std::string waiting_path(const Growth& growth) { return path_of(growth, "waiting"); }

void remember(const Growth& growth, const Error& error) {
  const Json json{{"boottimeNs", base::system_clock().since_boot().count()},
                  {"text", error.message()},
                  {"code", error.code()},
                  {"advice", error.advice()}};
  // Without it the others ask by themselves, which costs time and does no harm.
  (void)base::replace_file(failure_path(growth), base::print_json(json)).ok();
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// What a waiter before this one was told a moment ago.
Status recent_failure(const Growth& growth) {
  const auto text = base::read_file(failure_path(growth), kMostFailure);
  const auto json = text.ok() ? base::parse_json(*text, kMostFailure) : Result<Json>(text.error());
  if (!json.ok() || !json->is_object()) {
    return {};
  }
  const auto stamp = json->find("boottimeNs");
  if (stamp == json->end() || !stamp->is_number_integer()) {
    return {};
  }
  const nanoseconds since = base::system_clock().since_boot() - nanoseconds(stamp->get<long>());
  if (since < nanoseconds(0) || since >= kFailureCounts) {
    return {};  // old, or of another boot
  }
  return Error(ErrorKind::kTryAgain, text_in(*json, "text"))
      .code(text_in(*json, "code"))
      .advice(text_in(*json, "advice"));
}

Status ask_for(const Demand& demand, const cni::Request& request, const Growth& growth,
               const base::Deadline& deadline) {
  const ask::Question question{.duty = growth.duty,
                               .args = growth.args(demand),
                               .state_dir = growth.state_dir,
                               .eni_conf = growth.eni_conf,
                               .cni_path = request.args.path};
  const auto grown = ask::duty(question, deadline.left());
  if (grown.ok()) {
    return {};
  }
  return Error(grown.error()).as(ErrorKind::kTryAgain).context(growth.failed);
}

Error nothing_came(const Growth& growth) {
  return Error(ErrorKind::kTryAgain, growth.failed + ": the agent says it grew, but " +
                                         growth.state_dir + " has no " + growth.missing)
      .advice("compare stateDir with the agent's --state-dir, and look into its log");
}

Result<Demand> gather(const Growth& growth) {
  Demand demand{.pods = 1};
  for (int i = 0; i < kGatherTimes; ++i) {
    std::this_thread::sleep_for(kGather);
    const std::size_t before = demand.pods;
    demand = TRY(demand_of_waiters(waiting_path(growth)));
    if (demand.pods <= before) {
      break;
    }
  }
  return demand;
}

// For the one whose turn it is.
Status grow_and_claim(const cni::Request& request, const Growth& growth, const TryClaim& claim,
                      const base::Deadline& deadline) {
  if (TRY(claim())) {
    return {};
  }
  TRY(recent_failure(growth));
  const Demand demand = TRY(gather(growth));
  if (const Status asked = ask_for(demand, request, growth, deadline); !asked.ok()) {
    remember(growth, asked.error());
    return asked.error();
  }
  if (TRY(claim())) {
    return {};
  }
  Error nothing = nothing_came(growth);
  remember(growth, nothing);
  return nothing;
}

}  // namespace

Status claim_when_grown(const cni::Request& request, const Growth& growth, const TryClaim& claim) {
  const base::Deadline deadline(growth.patience);
  const Waiting waiting =
      TRY(Waiting::join(waiting_path(growth), request.args.attachment, growth.families));
  const base::FileLock turn =
      TRY(base::FileLock::acquire(path_of(growth, "grow", ".lock"), deadline)
              .context("wait for the pod that makes the pool grow"));
  return grow_and_claim(request, growth, claim, deadline);
}

}  // namespace catena::attachment
