// release: addresses of an ENI, or all of it.
#include <algorithm>
#include <iterator>

#include "agent/duties.h"
#include "agent/placement.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

// Written down before it is done: the addresses go out of circulation at once.
base::Result<ipam::Intent> begin(Duty& duty, const ReleaseRequest& request, const char* action,
                                 const std::vector<base::IpAddress>& addresses,
                                 ipam::CloudChange begun) {
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = action;
  intent.parameters = {{"eni", request.eni}};
  intent.purpose = "released";
  if (!request.prefixes.empty()) {
    std::vector<std::string> texts;
    std::ranges::transform(request.prefixes, std::back_inserter(texts), &base::Prefix::to_string);
    intent.parameters["prefixes"] = base::join(texts, ",");
  }
  begun.put_intents = {intent};
  (request.only_free ? begun.reserve_free : begun.reserve) = addresses;
  begun.reserved_for = intent.key;
  TRY(duty.store().change(begun).context("release addresses of " + request.eni));
  return intent;
}

std::vector<base::IpAddress> addresses_of_pool(const std::vector<ipam::Record>& known,
                                               const std::string& pool) {
  std::vector<base::IpAddress> addresses;
  for (const ipam::Record& record : known) {
    if (record.pool == pool) {
      addresses.push_back(record.address);
    }
  }
  return addresses;
}

base::Status release_eni(Duty& duty, const ReleaseRequest& request, const ipam::Eni& eni) {
  ipam::CloudChange begun;
  begun.put_enis = {eni};
  begun.put_enis.front().state = ipam::EniState::kReleasing;
  const auto addresses = addresses_of_pool(TRY(duty.store().list()), eni.id);
  return finish_delete_eni(duty,
                           TRY(begin(duty, request, kDeleteEni, addresses, std::move(begun))));
}

base::Status release_addresses(Duty& duty, const ReleaseRequest& request, const ipam::Eni& eni) {
  const std::vector<base::IpAddress> known = addresses_of_pool(TRY(duty.store().list()), eni.id);
  std::vector<base::IpAddress> leaving = request.addresses;
  for (const base::Prefix& prefix : request.prefixes) {
    std::ranges::copy_if(known, std::back_inserter(leaving),
                         [&](const base::IpAddress& address) { return prefix.contains(address); });
  }
  for (const base::IpAddress& address : leaving) {
    if (address == eni.address) {
      return Error(ErrorKind::kBadConfig, address.to_string() + " is the primary address of " +
                                              eni.id + " and goes with it only");
    }
    if (std::ranges::find(known, address) == known.end()) {
      return Error(ErrorKind::kNotFound, address.to_string() + " is no address of " + eni.id);
    }
  }
  return finish_unassign(duty, TRY(begin(duty, request, kUnassign, leaving, {})));
}

}  // namespace

base::Status release(Duty& duty, const ReleaseRequest& request) {
  TRY(settle(duty, request.eni));
  const ipam::Eni eni = TRY(usable_eni(duty, request.eni));
  return request.addresses.empty() && request.prefixes.empty()
             ? release_eni(duty, request, eni)
             : release_addresses(duty, request, eni);
}

}  // namespace catena::agent
