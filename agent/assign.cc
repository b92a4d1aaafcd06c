// Addresses of an ENI: more, and fewer.
#include <algorithm>
#include <charconv>

#include "agent/agreement.h"
#include "agent/intents.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using base::IpAddress;

// The cloud takes so many IPv6 addresses in one call.
constexpr std::size_t kIpv6PerCall = 10;
constexpr Millis kPoll{1'500};

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

base::Result<ipam::Eni> eni_of(Duty& duty, const ipam::Intent& intent) {
  const std::string id = parameter(intent, "eni");
  ipam::CloudRecords known = TRY(duty.store().cloud());
  for (ipam::Eni& eni : known.enis) {
    if (eni.id == id) {
      return std::move(eni);
    }
  }
  return base::Error(ErrorKind::kNotFound, "the store does not know " + id);
}

base::Result<cloud::AssignedAddresses> send_assign(Duty& duty, const ipam::Intent& intent) {
  cloud::AssignAddresses wanted;
  wanted.eni_id = parameter(intent, "eni");
  wanted.address_count = number(parameter(intent, "count"));
  cloud::CallOptions options = duty.call(intent.key);
  options.wait_for_state = true;
  return parameter(intent, "family") == "ipv6"
             ? cloud::assign_ipv6_addresses(duty.client(), wanted, options)
             : cloud::assign_private_ip_addresses(duty.client(), wanted, options);
}

// The cloud said no for good, and with this ClientToken it never said yes.
bool was_refused(const base::Error& error) {
  if (cloud::may_have_been_done(error)) {
    return false;
  }
  const cloud::ErrorClass error_class = cloud::class_of(error);
  return error_class == cloud::ErrorClass::kQuota || error_class == cloud::ErrorClass::kPermanent ||
         error_class == cloud::ErrorClass::kNotFound ||
         cloud::reaction_to(error) == cloud::Reaction::kNewToken;
}

// What came of an intent whose token says nothing any more: the ENI tells.
base::Result<Grown> by_state(Duty& duty, const ipam::Intent& intent, ipam::Eni eni) {
  Agreement agreement = TRY(agree(duty, eni.id, &intent));
  if (agreement.gone) {
    return base::Error(ErrorKind::kNotFound, eni.id + " does not exist any more");
  }
  return Grown{std::move(eni), std::move(agreement.adopted)};
}

base::Result<std::vector<IpAddress>> reserved_by(Duty& duty, const ipam::Intent& intent) {
  std::vector<IpAddress> reserved;
  for (const ipam::Record& record :
       TRY(duty.store().find(intent.key, std::string(ipam::kIntentInterface)))) {
    reserved.push_back(record.address);
  }
  return reserved;
}

base::Status send_unassign(Duty& duty, const std::string& eni,
                           const std::vector<IpAddress>& addresses) {
  cloud::UnassignAddresses ipv4{.eni_id = eni, .addresses = {}, .prefixes = {}};
  cloud::UnassignAddresses ipv6 = ipv4;
  for (const IpAddress& address : addresses) {
    (address.is_v4() ? ipv4 : ipv6).addresses.push_back(address);
  }
  cloud::CallOptions options = duty.call();
  options.wait_for_state = true;
  if (!ipv4.addresses.empty()) {
    TRY(cloud::unassign_private_ip_addresses(duty.client(), ipv4, options));
  }
  for (std::size_t at = 0; at < ipv6.addresses.size(); at += kIpv6PerCall) {
    const auto first = ipv6.addresses.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(kIpv6PerCall, ipv6.addresses.size() - at);
    cloud::UnassignAddresses part{.eni_id = eni,
                                  .addresses = {first, first + static_cast<std::ptrdiff_t>(count)},
                                  .prefixes = {}};
    options.budget = duty.left();
    TRY(cloud::unassign_ipv6_addresses(duty.client(), part, options));
  }
  return {};
}

// Of `addresses` those that `eni` still has, by a look at what must be visible by now.
base::Result<std::vector<IpAddress>> still_there(Duty& duty, const std::string& eni,
                                                 const std::vector<IpAddress>& addresses) {
  TRY(duty.pause(kLag * 5 / 4, "unassign addresses of " + eni));
  const std::optional<cloud::NetworkInterface> seen = TRY(look(duty, eni));
  std::vector<IpAddress> there;
  for (const IpAddress& address : addresses) {
    if (seen.has_value() &&
        (std::ranges::find(seen->private_ips, address, &cloud::PrivateIp::address) !=
             seen->private_ips.end() ||
         std::ranges::find(seen->ipv6s, address) != seen->ipv6s.end())) {
      there.push_back(address);
    }
  }
  return there;
}

}  // namespace

base::Result<Grown> finish_assign(Duty& duty, const ipam::Intent& intent, Begun begun) {
  ipam::Eni eni = TRY(eni_of(duty, intent));
  if (begun == Begun::kBefore && !is_young(duty, intent)) {
    return by_state(duty, intent, std::move(eni));
  }
  base::Result<cloud::AssignedAddresses> assigned = send_assign(duty, intent);
  if (!assigned.ok() && was_refused(assigned.error())) {
    // What an earlier answer that got lost had brought is there, whatever the refusal says.
    if (begun == Begun::kBefore) {
      TRY(agree(duty, eni.id, &intent));
    } else {
      TRY(end(duty, intent));
    }
  }
  if (!assigned.ok()) {
    return std::move(assigned).error();
  }
  if (assigned->addresses.empty()) {
    return by_state(duty, intent, std::move(eni));  // an API that answers with a RequestId alone
  }
  ipam::CloudChange change;
  for (const IpAddress& address : assigned->addresses) {
    change.put_addresses.push_back({address, eni.id});
  }
  TRY(end(duty, intent, std::move(change)));
  return Grown{std::move(eni), std::move(assigned->addresses)};
}

base::Status finish_unassign(Duty& duty, const ipam::Intent& intent) {
  const std::string eni = parameter(intent, "eni");
  const std::vector<IpAddress> reserved = TRY(reserved_by(duty, intent));
  std::vector<IpAddress> rest = reserved;
  while (!rest.empty()) {
    base::Status done = send_unassign(duty, eni, rest);
    if (done.ok()) {
      break;
    }
    if (!state_will_tell(done)) {
      if (cloud::class_of(done.error()) == cloud::ErrorClass::kPermanent) {
        TRY(agree(duty, eni, &intent));
      }
      return done;
    }
    rest = TRY(still_there(duty, eni, rest));
    TRY(duty.pause(kPoll, "unassign addresses of " + eni));
  }
  return end(duty, intent, {.drop_addresses = reserved});
}

}  // namespace catena::agent
