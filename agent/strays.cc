// ENIs of ours that neither a record nor an intent knows: adopted or deleted.
#include "agent/strays.h"

#include <algorithm>
#include <set>

#include "agent/agreement.h"
#include "agent/placement.h"
#include "common/base/utc.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using cloud::EniStatus;
using cloud::NetworkInterface;

// Age by the cloud's own record; zero where it does not say.
std::chrono::seconds age_of(const Duty& duty, const NetworkInterface& eni) {
  const auto created = base::utc_time_in(eni.creation_time);
  return created.has_value()
             ? std::chrono::duration_cast<std::chrono::seconds>(duty.wall() - *created)
             : std::chrono::seconds(0);
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

}  // namespace

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

}  // namespace catena::agent
