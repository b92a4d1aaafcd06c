#include "agent/daemon/policy_asks.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "agent/policy/add.h"
#include "agent/policy/connections.h"
#include "common/base/fields.h"
#include "common/kube/client.h"
#include "common/kube/objects.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using netpol::Record;
using Json = nlohmann::json;

constexpr Millis kEnoughForAnother{500};
constexpr Millis kMostLookUp{5'000};

Result<Record> record_in(const std::string& args) {
  const Json json = TRY(base::parse_json(args, kMostPolicyArgs));
  base::Fields fields = TRY(base::Fields::of(json, ""));
  return TRY(read_policy_request(fields)).record;
}

Result<Json> look_up(const std::string& api, const Record& record, Millis budget) {
  kube::Client client = TRY(open_api(api, budget));
  return client.get({kube::kPods, record.pod_namespace, record.pod_name});
}

}  // namespace

PolicyAsks::~PolicyAsks() {
  for (const Asker& asker : waiting_) {
    loop_.cancel(asker.end);
  }
}

bool PolicyAsks::take(const std::string& args, Millis budget, const Desk::Reply& reply) {
  Result<Record> record = record_in(args);
  if (!record.ok()) {
    reply(std::move(record).error());
    return false;
  }
  new_.push_back({.number = ++last_number_,
                  .record = std::move(record).value(),
                  .deadline = base::Deadline(budget),
                  .reply = reply});
  return true;
}

// Its DEL, which removes the record last, was quicker; or it does not wait any more.
bool PolicyAsks::is_over(const Asker& asker) {
  if (asker.deadline.passed()) {
    return true;
  }
  if (enforcer_.records().has(asker.record.container_id, asker.record.if_name)) {
    return false;
  }
  asker.reply(Error(ErrorKind::kNotFound, "there is no record of container " +
                                              asker.record.container_id + " in " +
                                              enforcer_.records().directory()));
  return true;
}

std::vector<const Record*> PolicyAsks::put_new() {
  std::vector<const Record*> records;
  std::erase_if(new_, [this](const Asker& asker) { return is_over(asker); });
  records.reserve(new_.size());
  for (const Asker& asker : new_) {
    std::vector<base::IpAddress> taken;
    std::vector<std::string> notices;
    if (const Status put = enforcer_.put(asker.record, taken); !put.ok()) {
      notices.push_back(put.error().text());
    }
    // Mostly there is nothing: flows are forgotten when a pod goes, while its address cools.
    forget_inherited(enforcer_.records(), asker.record, taken, notices);
    std::ranges::for_each(notices, warn_);
    records.push_back(&asker.record);
  }
  return records;
}

void PolicyAsks::answer(const Status& written) {
  answer_new(written);
  answer_settled();
}

void PolicyAsks::answer_new(const Status& written) {
  for (Asker& asker : std::exchange(new_, {})) {
    const auto behind = enforcer_.behind().find(asker.record.id());
    if (!written.ok() && written.error().is(ErrorKind::kTryAgain) &&
        asker.deadline.left() > kEnoughForAnother) {
      new_.push_back(std::move(asker));
    } else if (!written.ok()) {
      asker.reply(Error(written.error()));
    } else if (behind != enforcer_.behind().end()) {
      asker.reply(behind->second);
    } else if (enforcer_.cluster().is_settled(asker.record)) {
      asker.reply(to_json(verdict_of(enforcer_.cluster(), asker.record)));
    } else {
      wait_for_pod(std::move(asker));
    }
  }
}

// Closed already, or open where onUnknown says so. The watch mostly knows the pod before the
// runtime does; where it lags behind, a look-up does not.
void PolicyAsks::wait_for_pod(Asker asker) {
  const Millis left = asker.deadline.left();
  const std::uint64_t number = asker.number;
  asker.end =
      loop_.after(left - std::min(left / 4, Millis(200)), [this, number] { give_up(number); });
  look_ups_.submit([this, number, api = api_, record = asker.record,
                    budget = std::min(left, kMostLookUp)] {
    loop_.post([this, number, pod = look_up(api, record, budget)] { on_looked_up(number, pod); });
  });
  waiting_.push_back(std::move(asker));
}

void PolicyAsks::on_looked_up(std::uint64_t asker, const Result<Json>& pod) {
  const auto found = std::ranges::find(waiting_, asker, &Asker::number);
  if (found == waiting_.end()) {
    return;
  }
  if (!pod.ok() && !pod.error().is(ErrorKind::kNotFound)) {
    warn_("look up pod " + found->record.pod_namespace + "/" + found->record.pod_name + ": " +
          pod.error().text());
    return;  // the watch may still tell
  }
  if (pod.ok() && enforcer_.cluster().put(PolicyObject::kPod, *pod).ok() &&
      enforcer_.cluster().knows(found->record)) {
    write_();
    return;
  }
  give_up(asker);
}

void PolicyAsks::answer_settled() {
  for (auto asker = waiting_.begin(); asker != waiting_.end();) {
    if (!enforcer_.cluster().is_settled(asker->record) || !enforcer_.has_written(asker->record)) {
      ++asker;
      continue;
    }
    loop_.cancel(asker->end);
    asker->reply(to_json(verdict_of(enforcer_.cluster(), asker->record)));
    asker = waiting_.erase(asker);
  }
}

void PolicyAsks::give_up(std::uint64_t asker) {
  const auto found = std::ranges::find(waiting_, asker, &Asker::number);
  if (found == waiting_.end()) {
    return;
  }
  loop_.cancel(found->end);
  const Verdict verdict = verdict_of(enforcer_.cluster(), found->record);
  log_.warning("policy: nobody knows pod " + found->record.pod_namespace + "/" +
               found->record.pod_name + ": it is " +
               (found->record.closed_while_unknown ? "closed until somebody does" : "open"));
  found->reply(to_json(verdict));
  waiting_.erase(found);
}

}  // namespace catena::agent
