// The end of an ENI: detach, delete, and be sure of it.
#include <algorithm>

#include "agent/intents.h"

namespace catena::agent {
namespace {

using cloud::EniStatus;

constexpr Millis kPoll{1'500};
// A Describe call may show the old state so long; a detach or delete that hangs is sent again.
constexpr Millis kUnseen{6'000};
constexpr Millis kHangs{10'000};

base::Error not_ours(const cloud::NetworkInterface& eni) {
  const std::string why = eni.service_managed ? "belongs to another product of the cloud"
                                              : "is attached to " + eni.instance_id;
  return base::Error(base::ErrorKind::kExists, eni.id + " " + why + ", it is not deleted");
}

base::Status detach(Duty& duty, const cloud::NetworkInterface& eni) {
  cloud::AttachNetworkInterface what;
  what.eni_id = eni.id;
  what.instance_id = duty.settings().instance_id;
  return unless_state_tells(cloud::detach_network_interface(duty.client(), what, duty.call()));
}

base::Status remove(Duty& duty, const cloud::NetworkInterface& eni) {
  return unless_state_tells(cloud::delete_network_interface(duty.client(), eni.id, duty.call()));
}

// One step from the state that was seen towards the end.
base::Status step(Duty& duty, const cloud::NetworkInterface& eni, Repeat& sent) {
  switch (eni.status) {
    case EniStatus::kInUse:
      return sent.due(duty, "detach", kUnseen) ? detach(duty, eni) : base::Status();
    case EniStatus::kDetaching:
      return sent.due(duty, "detach", kHangs) ? detach(duty, eni) : base::Status();
    case EniStatus::kAvailable:
    case EniStatus::kCreateFailed:
      return sent.due(duty, "delete", kUnseen) ? remove(duty, eni) : base::Status();
    case EniStatus::kDeleting:
      return sent.due(duty, "delete", kHangs) ? remove(duty, eni) : base::Status();
    case EniStatus::kCreating:
    case EniStatus::kAttaching:
    case EniStatus::kOther:
      break;
  }
  return {};
}

// The ENI is gone, and with it its addresses; one that a pod still holds is reported.
base::Status forget(Duty& duty, const ipam::Intent& intent, const std::string& id) {
  ipam::CloudChange change;
  change.drop_enis = {id};
  for (const ipam::Record& record : TRY(duty.store().list())) {
    if (record.pool != id) {
      continue;
    }
    if (record.state == ipam::State::kBound) {
      duty.notice(record.address.to_string() + " of " + id + ", which is gone, is held by pod " +
                  record.owner.pod);
      continue;
    }
    change.drop_addresses.push_back(record.address);
  }
  return end(duty, intent, std::move(change));
}

}  // namespace

base::Status finish_delete_eni(Duty& duty, const ipam::Intent& intent) {
  const std::string id = parameter(intent, "eni");
  Absence absence;
  Repeat sent;
  while (true) {
    const std::optional<cloud::NetworkInterface> eni = TRY(look(duty, id));
    if (!eni.has_value()) {
      if (absence.confirmed(duty)) {
        return forget(duty, intent, id);
      }
    } else {
      absence.end();
      const std::string& instance = eni->instance_id;
      if (eni->service_managed || (!instance.empty() && instance != duty.settings().instance_id)) {
        TRY(end(duty, intent, {.drop_enis = {id}}));
        return not_ours(*eni);
      }
      TRY(step(duty, *eni, sent).context("delete " + id));
    }
    TRY(duty.pause(kPoll, "delete " + id));
  }
}

}  // namespace catena::agent
