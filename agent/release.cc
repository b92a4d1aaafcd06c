// release: addresses of an ENI, or all of it.
#include <algorithm>

#include "agent/duties.h"
#include "agent/placement.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

base::Status release_eni(Duty& duty, const ipam::Eni& eni) {
  ipam::CloudChange begun;
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = kDeleteEni;
  intent.parameters = {{"eni", eni.id}};
  intent.purpose = "released";
  begun.put_intents = {intent};
  begun.put_enis = {eni};
  begun.put_enis.front().state = ipam::EniState::kReleasing;
  begun.reserved_for = intent.key;
  for (const ipam::Record& record : TRY(duty.store().list())) {
    if (record.pool == eni.id) {
      begun.reserve.push_back(record.address);
    }
  }
  TRY(duty.store().change(begun).context("release " + eni.id));
  return finish_delete_eni(duty, intent);
}

base::Status release_addresses(Duty& duty, const ipam::Eni& eni,
                               const std::vector<base::IpAddress>& addresses) {
  const std::vector<ipam::Record> known = TRY(duty.store().list());
  for (const base::IpAddress& address : addresses) {
    if (address == eni.address) {
      return Error(ErrorKind::kBadConfig, address.to_string() + " is the primary address of " +
                                              eni.id + " and goes with it only");
    }
    const auto record = std::ranges::find(known, address, &ipam::Record::address);
    if (record == known.end() || record->pool != eni.id) {
      return Error(ErrorKind::kNotFound, address.to_string() + " is no address of " + eni.id);
    }
  }
  ipam::CloudChange begun;
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = kUnassign;
  intent.parameters = {{"eni", eni.id}};
  intent.purpose = "released";
  begun.put_intents = {intent};
  begun.reserve = addresses;
  begun.reserved_for = intent.key;
  TRY(duty.store().change(begun).context("release addresses of " + eni.id));
  return finish_unassign(duty, intent);
}

}  // namespace

base::Status release(Duty& duty, const ReleaseRequest& request) {
  TRY(settle(duty, request.eni));
  const ipam::Eni eni = TRY(usable_eni(duty, request.eni));
  return request.addresses.empty() ? release_eni(duty, eni)
                                   : release_addresses(duty, eni, request.addresses);
}

}  // namespace catena::agent
