#include "agent/policy/add.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "agent/policy/connections.h"
#include "agent/policy/load.h"
#include "common/kube/objects.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using netpol::Record;
using Json = nlohmann::json;

// What the record, the lock and the kernel need of the time.
constexpr Millis kForTheRest{300};

// The API server's word on the pod itself, which the snapshot can't have; without it the pod is as
// the snapshot has it, or unknown.
void look_up(const LocalDuty& duty, const base::Deadline& deadline, const Record& record,
             Enforcer& enforcer, std::vector<std::string>& notices) {
  const std::string what = "look up pod " + record.pod_namespace + "/" + record.pod_name;
  if (duty.api == "none" || deadline.left() <= kForTheRest) {
    return;
  }
  Result<kube::Client> client = open_api(duty.api, deadline.left() - kForTheRest);
  if (!client.ok()) {
    notices.push_back(std::move(client).error().context(what).text());
    return;
  }
  const Result<Json> pod = client->get({kube::kPods, record.pod_namespace, record.pod_name});
  const Status put =
      pod.ok() ? enforcer.cluster().put(PolicyObject::kPod, *pod) : Status(pod.error());
  if (!put.ok()) {
    notices.push_back(Error(put.error()).context(what).text());
  }
}

Result<firewall::Backend> backend_at(base::Fields& args) {
  const auto word = TRY(args.one_of("backend", {"auto", "nftables", "iptables"}));
  return firewall::backend_of(word.value_or("auto")).value_or(firewall::Backend::kAuto);
}

void move_notices(std::vector<std::string> from, LocalDuty& duty) {
  std::ranges::move(from, std::back_inserter(duty.notices));
}

}  // namespace

Result<PolicyRequest> read_policy_request(base::Fields& args) {
  const auto on_unknown = TRY(args.one_of("onUnknown", {"deny", "allow"}));
  const firewall::Backend backend = TRY(backend_at(args));
  Json fields = Json::object();
  for (const std::string& key : args.keys()) {
    if (key != "onUnknown" && key != "backend") {
      fields[key] = *args.raw(key);
    }
  }
  Record record = TRY(netpol::record_of(fields));
  if (on_unknown.has_value()) {
    record.closed_while_unknown = *on_unknown == "deny";
  }
  return PolicyRequest{.record = std::move(record), .backend = backend};
}

Json to_json(const Verdict& verdict) {
  const auto state = [](bool isolated) { return isolated ? "isolated" : "open"; };
  return {{"known", verdict.known},
          {"ingress", state(verdict.isolates_ingress)},
          {"egress", state(verdict.isolates_egress)},
          {"policies", verdict.policies}};
}

Result<Json> answer_policy_add(LocalDuty& duty, base::Fields& args) {
  const base::Deadline deadline(duty.budget);
  const PolicyRequest request = TRY(read_policy_request(args));
  const Record& record = request.record;
  Enforcer enforcer(duty.state_dir, request.backend);
  const base::FileLock lock = TRY(enforcer.lock(deadline));
  TRY(load_cluster(duty, deadline, enforcer));
  std::vector<base::IpAddress> taken;
  TRY(enforcer.put(record, taken));
  if (enforcer.cluster().has_policies(record.pod_namespace)) {
    look_up(duty, deadline, record, enforcer, duty.notices);
  }
  // Whoever had them, and whether or not that was told.
  forget_inherited(enforcer.records(), record, record.addresses, duty.notices);
  const Result<bool> written = enforcer.write({&record});
  move_notices(enforcer.take_notices(), duty);
  if (!written.ok()) {
    return written.error();
  }
  const auto behind = enforcer.behind().find(record.id());
  if (behind != enforcer.behind().end()) {
    return behind->second;
  }
  return to_json(verdict_of(enforcer.cluster(), record));
}

Result<Json> answer_policy_sync(LocalDuty& duty, base::Fields& args) {
  const firewall::Backend backend = TRY(backend_at(args));
  TRY(args.no_unknown_keys());
  const base::Deadline deadline(duty.budget);
  Enforcer enforcer(duty.state_dir, backend);
  const base::FileLock lock = TRY(enforcer.lock(deadline));
  TRY(load_cluster(duty, deadline, enforcer));
  TRY(enforcer.write());
  move_notices(enforcer.take_notices(), duty);
  for (const auto& [id, error] : enforcer.behind()) {
    duty.notices.push_back(error.text());
  }
  return Json{{"pods", enforcer.cluster().records().size()},
              {"policies", enforcer.cluster().objects().policies().size()}};
}

}  // namespace catena::agent
