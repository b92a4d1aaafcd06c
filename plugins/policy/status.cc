// STATUS: whether an ADD now could succeed, by the kernel alone. A stopped agent is no reason: pods
// start without it.
#include "common/firewall/backend.h"
#include "common/firewall/policies.h"
#include "plugins/policy/policy_plugin.h"
#include "plugins/policy/settings.h"

namespace catena::policy {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;
using firewall::Backend;

// What is in use can be done. Where nothing is, trying it out costs an RCU grace period (16 ms),
// and runtimes ask every 5 s: so the chains stay, with nothing in them.
Status has_nftables() {
  auto policies = TRY(firewall::Policies::open(firewall::Place::kNode));
  const auto in_place = policies.has_base();
  if (in_place.ok() && *in_place) {
    return {};
  }
  TRY(policies.can_do());
  return policies.ensure_base();
}

Status has_iptables(const cni::Request& request) {
  const auto program = firewall::Xtables::find(request.args.path);
  return program.ok() ? Status() : Error(program.error()).as(ErrorKind::kNotAvailable);
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (settings.backend == Backend::kIptables) {
    return has_iptables(request);
  }
  Status possible = has_nftables();
  if (possible.ok() || (settings.backend == Backend::kAuto && has_iptables(request).ok())) {
    return {};
  }
  return std::move(possible).error().as(ErrorKind::kNotAvailable);
}

}  // namespace catena::policy
