#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/base/fields.h"
#include "common/base/rollback.h"
#include "plugins/policy/close.h"
#include "plugins/policy/pod.h"
#include "plugins/policy/policy_plugin.h"
#include "plugins/policy/settings.h"
#include "plugins/policy/teardown.h"

namespace catena::policy {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using netpol::Record;
using Json = nlohmann::json;

struct Call {
  const cni::Request& request;
  const Settings& settings;
  const Record& record;
};

Result<Json> ask_agent(const Call& call) {
  Json args = netpol::to_json(call.record);
  args["onUnknown"] = call.settings.on_unknown == OnUnknown::kDeny ? "deny" : "allow";
  args["backend"] = firewall::name_of(call.settings.backend);
  Json answer = TRY(ask::duty({.duty = "policy.add",
                               .args = base::print_json(args),
                               .state_dir = call.settings.state_dir,
                               .eni_conf = {},
                               .cni_path = call.request.args.path},
                              call.settings.wait));
  if (!answer.is_object() || !answer.contains("known") || !answer.at("known").is_boolean()) {
    return Error(ErrorKind::kUndecodable, "the agent does not say whether it knows the pod")
        .advice("install plugins and agent of the same release");
  }
  return answer;
}

// Nobody is kept from starting by it.
void forget_earlier_flows(const Call& call) {
  const netpol::Records records(call.settings.state_dir);
  if (const Status done = forget_inherited(records, call.record); !done.ok()) {
    call.request.log->warning("flows of an earlier pod may live on: " + done.error().text());
  }
}

Status shut_without_agent(const Call& call, const Error& why) {
  call.request.log->warning(
      "nobody can tell the pod's policies: it is shut until the agent knows them: " + why.text());
  forget_earlier_flows(call);
  Status done = shut(call.record, call.settings.backend);
  if (done.ok()) {
    return done;
  }
  Error error = std::move(done).error().context("shut the pod, since nobody can tell its policies");
  // Where the kernel lacks nf_tables the agent may have another way.
  const bool may_pass = error.is(ErrorKind::kUnsupported) && !why.is(ErrorKind::kUnsupported);
  error = may_pass ? std::move(error).as(ErrorKind::kTryAgain) : std::move(error);
  return std::move(error).append(" (" + why.text() + ")");
}

Status let_pass_without_agent(const Call& call, const Error& why) {
  call.request.log->warning(
      "nobody can tell the pod's policies, and it is let pass without any until the agent knows "
      "them: " +
      why.text());
  forget_earlier_flows(call);
  return let_pass(call.record);
}

Status put_in_place(const Call& call) {
  const auto answer = ask_agent(call);
  if (!answer.ok()) {
    return call.record.closed_while_unknown ? shut_without_agent(call, answer.error())
                                            : let_pass_without_agent(call, answer.error());
  }
  if (!answer->at("known").get<bool>()) {
    call.request.log->warning(call.record.closed_while_unknown
                                  ? "the agent does not know the pod yet: it is shut until then"
                                  : "the agent does not know the pod yet: it has no policy until "
                                    "then");
  }
  return {};
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (!request.config.prev_result) {
    return Error(ErrorKind::kBadConfig, "prevResult: there is none")
        .advice("put catena-policy behind the plugin that makes the pod's interface");
  }
  const Record record = TRY(record_of(request, settings));
  if (record.pod_name.empty()) {
    // No policy selects what is no pod of the cluster.
    forget_earlier_flows({.request = request, .settings = settings, .record = record});
    TRY(let_pass(record));
    return *request.config.prev_result;
  }
  const netpol::Records records(settings.state_dir);
  base::Rollback undo;
  undo.push([&] {
    if (const Status undone = tear_down(records, record); !undone.ok()) {
      request.log->warning("undo a failed ADD: " + undone.error().text());
    }
  });
  // Before the kernel is changed: whoever is killed leaves what DEL, GC and the agent find.
  TRY(records.write(record).context("note the pod for the agent"));
  TRY(put_in_place({.request = request, .settings = settings, .record = record}));
  undo.commit();
  return *request.config.prev_result;
}

}  // namespace catena::policy
