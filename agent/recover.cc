// recover: what killed and failed calls left, and what nobody remembers.
#include <algorithm>
#include <set>

#include "agent/agreement.h"
#include "agent/duties.h"
#include "agent/placement.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using cloud::EniStatus;
using cloud::NetworkInterface;

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
    has_pods = has_pods || (record.pool == eni.id && record.state == ipam::State::kBound);
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

// Age by the cloud's own record; zero where it does not say.
std::chrono::seconds age_of(const Duty& duty, const NetworkInterface& eni) {
  std::tm parts{};
  if (::strptime(eni.creation_time.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) == nullptr &&
      ::strptime(eni.creation_time.c_str(), "%Y-%m-%dT%H:%MZ", &parts) == nullptr) {
    return {};
  }
  const auto created = std::chrono::system_clock::from_time_t(::timegm(&parts));
  return std::chrono::duration_cast<std::chrono::seconds>(duty.wall() - created);
}

// One ENI of ours that neither a record nor an intent knows.
class Stray {
 public:
  Stray(Duty& duty, std::string id) : duty_(duty), id_(std::move(id)) {}

  // What was done about it; empty: nothing yet.
  base::Result<std::string> handle() {
    TRY(duty_.pause(kLag * 5 / 4, "look again at " + id_));
    const std::optional<NetworkInterface> eni = TRY(look(duty_, id_));
    if (!eni.has_value() || eni->service_managed) {
      return std::string();
    }
    if (eni->status == EniStatus::kInUse && eni->instance_id == duty_.settings().instance_id) {
      return adopt(*eni);
    }
    const bool idle = eni->status == EniStatus::kAvailable && eni->instance_id.empty();
    if (!idle || age_of(duty_, *eni) < duty_.settings().orphan_age) {
      return std::string();
    }
    const std::string node = value_of(eni->tags, kNodeTag);
    if (node != duty_.settings().instance_id && !TRY(instance_is_gone(duty_, node))) {
      return std::string();  // its own node will see to it
    }
    ipam::Intent intent;
    intent.key = duty_.client().new_token();
    intent.action = kDeleteEni;
    intent.parameters = {{"eni", id_}};
    intent.purpose = "orphan";
    TRY(duty_.store().change({.put_intents = {intent}}));
    TRY(finish_delete_eni(duty_, intent));
    return "orphan " + id_ + " deleted";
  }

 private:
  base::Result<std::string> adopt(const NetworkInterface& eni) {
    cloud::VSwitchFilter filter;
    filter.vswitch_ids = {eni.vswitch_id};
    const auto vswitches = TRY(cloud::describe_vswitches(duty_.client(), filter, duty_.call()));
    if (vswitches.empty()) {
      return Error(ErrorKind::kNotFound,
                   id_ + " is of vSwitch " + eni.vswitch_id + ", which is not listed");
    }
    const Gateways gateways = gateways_of(vswitches.front());
    ipam::Eni record;
    record.id = id_;
    record.mac = eni.mac;
    record.vswitch = eni.vswitch_id;
    record.address = eni.primary_ip.value_or(base::IpAddress());
    record.gateway = gateways.ipv4;
    record.gateway6 = gateways.ipv6;
    record.prefix_length = gateways.prefix_length;
    record.mode = value_of(eni.tags, kModeTag);
    record.state = ipam::EniState::kInUse;
    TRY(duty_.store().change({.put_enis = {record}}));
    TRY(agree(duty_, id_, nullptr));
    return id_ + ", which the store did not know, adopted";
  }

  Duty& duty_;
  std::string id_;
};

// ENIs with the tags of this node, and idle ones of the whole cluster, whose node may be gone.
base::Result<std::vector<NetworkInterface>> tagged_enis(Duty& duty) {
  cloud::NetworkInterfaceFilter filter;
  filter.tags = {{kOwnerTag, kOwner}, {kClusterTag, duty.settings().cluster}};
  filter.status = EniStatus::kAvailable;
  std::vector<NetworkInterface> found =
      TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
  std::erase_if(found, [&](const NetworkInterface& eni) {
    const std::string node = value_of(eni.tags, kNodeTag);
    return node.empty() || node == duty.settings().instance_id ||
           age_of(duty, eni) < duty.settings().orphan_age;
  });
  filter.status.reset();
  filter.tags.push_back({kNodeTag, duty.settings().instance_id});
  std::ranges::move(TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call())),
                    std::back_inserter(found));
  return found;
}

base::Status handle_strays(Duty& duty, Recovered& recovered) {
  const std::vector<NetworkInterface> ours = TRY(tagged_enis(duty));
  const ipam::CloudRecords known = TRY(duty.store().cloud());
  std::set<std::string> ids;
  for (const ipam::Eni& eni : known.enis) {
    ids.insert(eni.id);
  }
  std::set<std::string> intents;
  for (const ipam::Intent& intent : known.intents) {
    intents.insert(intent.key);
    ids.insert(parameter(intent, "eni"));
  }
  for (const NetworkInterface& eni : ours) {
    if (ids.contains(eni.id) || intents.contains(value_of(eni.tags, kIntentTag))) {
      continue;
    }
    base::Result<std::string> handled = Stray(duty, eni.id).handle();
    if (!handled.ok()) {
      recovered.left.push_back(std::move(handled).error());
    } else if (!handled->empty()) {
      recovered.done.push_back(std::move(handled).value());
    }
  }
  return {};
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
