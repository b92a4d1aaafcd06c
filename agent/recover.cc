// recover: what killed and failed calls left, and what nobody remembers.
#include <algorithm>

#include "agent/agreement.h"
#include "agent/duties.h"
#include "agent/strays.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

std::string text_of(const std::vector<base::IpAddress>& addresses) {
  std::vector<std::string> texts;
  std::ranges::transform(addresses, std::back_inserter(texts), &base::IpAddress::to_string);
  return base::join(texts, ", ");
}

bool is_of_route(const ipam::Intent& intent) {
  return intent.action == kCreateRoute || intent.action == kDeleteRoute;
}

void settle_intents(Duty& duty, std::vector<ipam::Intent> intents, Scope scope,
                    Recovered& recovered) {
  if (scope == Scope::kEnis) {
    std::erase_if(intents, is_of_route);
  }
  for (const ipam::Intent& intent : intents) {
    base::Result<std::string> finished = finish(duty, intent);
    if (finished.ok()) {
      recovered.done.push_back(std::move(finished).value());
    } else {
      recovered.left.push_back(
          std::move(finished).error().context(intent.action + " (" + intent.key + ")"));
    }
  }
}

void report(const std::string& eni, const Agreement& agreement, Recovered& recovered) {
  if (agreement.gone) {
    recovered.done.push_back(eni + " does not exist any more: forgotten");
    return;
  }
  if (!agreement.adopted.empty()) {
    recovered.done.push_back(eni + " has " + text_of(agreement.adopted) +
                             ", which the store did not know");
  }
  if (!agreement.forgotten.empty()) {
    recovered.done.push_back(eni + " has lost " + text_of(agreement.forgotten));
  }
}

// An ENI that somebody else detached: nobody gets an address of it any more. With no pod on it, it
// is deleted; else it is attached again, as its pods need it.
base::Status mend_detached(Duty& duty, const ipam::Eni& eni, Recovered& recovered) {
  bool has_pods = false;
  for (const ipam::Record& record : TRY(duty.store().list())) {
    if (record.pool != eni.id || record.state != ipam::State::kBound) {
      continue;
    }
    if (eni.mode == ipam::kExclusiveMode && !has_pods) {
      duty.notice("pod " + record.owner.pod + " has lost its network: " + eni.id +
                  ", which it has as its own, was detached by somebody else; delete the pod");
    }
    has_pods = true;
  }
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.purpose = "detached by somebody else";
  intent.parameters = {{"eni", eni.id},
                       {"mode", eni.mode},
                       {"gateway", eni.gateway.to_string()},
                       {"gateway6", eni.gateway6.has_value() ? eni.gateway6->to_string() : ""},
                       {"prefixLength", std::to_string(eni.prefix_length)}};
  intent.action = has_pods ? kCreateEni : kDeleteEni;
  ipam::Eni out = eni;
  out.state = has_pods ? ipam::EniState::kCreated : ipam::EniState::kReleasing;
  TRY(duty.store().change({.put_intents = {intent}, .put_enis = {out}}));
  recovered.done.push_back(eni.id + " was detached by somebody else: " + TRY(finish(duty, intent)));
  return {};
}

void compare_enis(Duty& duty, const std::vector<ipam::Eni>& enis, Recovered& recovered) {
  std::vector<std::string> ids;
  std::ranges::transform(enis, std::back_inserter(ids), &ipam::Eni::id);
  const std::vector<base::Result<Agreement>> agreements = agree(duty, ids);
  for (std::size_t i = 0; i < agreements.size(); ++i) {
    if (!agreements[i].ok()) {
      recovered.left.push_back(agreements[i].error());
      continue;
    }
    report(ids[i], *agreements[i], recovered);
    if (agreements[i]->detached) {
      const base::Status mended = mend_detached(duty, enis[i], recovered);
      if (!mended.ok()) {
        recovered.left.push_back(mended.error());
      }
    }
  }
}

}  // namespace

base::Result<std::string> finish(Duty& duty, const ipam::Intent& intent) {
  const std::string eni = parameter(intent, "eni");
  if (intent.action == kCreateEni) {
    return "ENI " + TRY(finish_create_eni(duty, intent, Begun::kBefore)).eni.id + " is in use";
  }
  if (intent.action == kDeleteEni) {
    TRY(finish_delete_eni(duty, intent));
    return "ENI " + eni + " is deleted";
  }
  if (intent.action == kAssign) {
    return eni + " has " + text_of(TRY(finish_assign(duty, intent, Begun::kBefore)).addresses);
  }
  if (intent.action == kUnassign) {
    TRY(finish_unassign(duty, intent));
    return "addresses of " + eni + " are given back";
  }
  if (intent.action == kCreateRoute) {
    return "route entry " + TRY(finish_create_route(duty, intent)).cidr.to_string() +
           " is available";
  }
  if (intent.action == kDeleteRoute) {
    TRY(finish_delete_route(duty, intent));
    return "route entry " + parameter(intent, "cidr") + " is removed";
  }
  return Error(ErrorKind::kUnsupported,
               "an intent '" + intent.action + "' of another release is left as it is");
}

base::Result<Recovered> recover(Duty& duty, Scope scope) {
  Recovered recovered;
  settle_intents(duty, TRY(duty.store().cloud()).intents, scope, recovered);
  std::vector<ipam::Eni> settled = TRY(duty.store().cloud()).enis;
  std::erase_if(settled, [](const ipam::Eni& eni) { return eni.state != ipam::EniState::kInUse; });
  compare_enis(duty, settled, recovered);
  if (base::Status handled = handle_strays(duty, recovered); !handled.ok()) {
    recovered.left.push_back(std::move(handled).error());
  }
  return recovered;
}

}  // namespace catena::agent
