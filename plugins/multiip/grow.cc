#include "plugins/multiip/grow.h"

#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/base/fields.h"
#include "common/base/file.h"
#include "plugins/multiip/waiting.h"

namespace catena::multiip {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using ipam::EniAttachment;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Json = nlohmann::json;

// The one who asks waits for others that start at the same time, as long as some come.
constexpr milliseconds kGather{20};
constexpr int kGatherTimes = 10;
// So long nobody asks again after a failure: the next try of a runtime comes later.
constexpr std::chrono::seconds kFailureCounts{10};
constexpr std::size_t kMostFailure = 65'536;  // bytes
constexpr const char* kNoAddress = "no address of an ENI is free, and the pool can't grow";

std::string failure_path(const Settings& settings) { return settings.state_dir + "/grow.failure"; }

void remember(const Settings& settings, const Error& error) {
  const Json json{{"boottimeNs", base::system_clock().since_boot().count()},
                  {"text", error.message()},
                  {"code", error.code()},
                  {"advice", error.advice()}};
  // Without it the others ask by themselves, which costs time and does no harm.
  (void)base::replace_file(failure_path(settings), base::print_json(json)).ok();
}

std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// What a waiter before this one was told a moment ago.
Status recent_failure(const Settings& settings) {
  const auto text = base::read_file(failure_path(settings), kMostFailure);
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

Status ask_for(const Demand& demand, const cni::Request& request, const Settings& settings,
               const base::Deadline& deadline) {
  const Json args{{"demand", demand.pods}, {"ipv4", demand.ipv4}, {"ipv6", demand.ipv6}};
  const ask::Question question{.duty = "pool.grow",
                               .args = base::print_json(args),
                               .state_dir = settings.state_dir,
                               .eni_conf = settings.eni_conf,
                               .cni_path = request.args.path};
  const auto grown = ask::duty(question, deadline.left());
  if (grown.ok()) {
    return {};
  }
  return Error(grown.error()).as(ErrorKind::kTryAgain).context(kNoAddress);
}

Error nothing_came(const Settings& settings) {
  const bool dual = settings.families.size() > 1;
  return Error(ErrorKind::kTryAgain, std::string(kNoAddress) + ": the agent says it grew, but " +
                                         settings.state_dir + " has no free address" +
                                         (dual ? " of each family on one ENI" : ""))
      .advice("compare stateDir with the agent's --state-dir, and look into its log");
}

Result<Demand> gather(const Settings& settings) {
  Demand demand{.pods = 1};
  for (int i = 0; i < kGatherTimes; ++i) {
    std::this_thread::sleep_for(kGather);
    const std::size_t before = demand.pods;
    demand = TRY(demand_of_waiters(settings.state_dir));
    if (demand.pods <= before) {
      break;
    }
  }
  return demand;
}

// For the one whose turn it is.
Result<EniAttachment> grow_and_claim(const cni::Request& request, const Settings& settings,
                                     const TryClaim& claim, const base::Deadline& deadline) {
  std::optional<EniAttachment> found = TRY(claim());
  if (found.has_value()) {
    return *std::move(found);
  }
  TRY(recent_failure(settings));
  const Demand demand = TRY(gather(settings));
  if (const Status asked = ask_for(demand, request, settings, deadline); !asked.ok()) {
    remember(settings, asked.error());
    return asked.error();
  }
  found = TRY(claim());
  if (!found.has_value()) {
    Error nothing = nothing_came(settings);
    remember(settings, nothing);
    return nothing;
  }
  return *std::move(found);
}

}  // namespace

Result<EniAttachment> claim_when_grown(const cni::Request& request, const Settings& settings,
                                       const TryClaim& claim) {
  const base::Deadline deadline(settings.grow_timeout);
  const Waiting waiting =
      TRY(Waiting::join(settings.state_dir, request.args.attachment, settings.families));
  const base::FileLock turn =
      TRY(base::FileLock::acquire(settings.state_dir + "/grow.lock", deadline)
              .context("wait for the pod that makes the pool grow"));
  return grow_and_claim(request, settings, claim, deadline);
}

}  // namespace catena::multiip
