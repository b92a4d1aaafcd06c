// Addresses of an ENI: more, and fewer.
#include <algorithm>
#include <iterator>

#include "agent/agreement.h"
#include "agent/intents.h"
#include "agent/prefixes.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using base::IpAddress;

// The cloud takes so many IPv6 addresses in one call.
constexpr std::size_t kIpv6PerCall = 10;
constexpr Millis kPoll{1'500};

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
  wanted.address_count = number_in(intent, "count");
  wanted.prefix_count = number_in(intent, "prefixCount");
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

// What goes back: single addresses and whole blocks.
struct Leaving {
  std::vector<IpAddress> addresses;
  std::vector<base::Prefix> prefixes;

  bool empty() const { return addresses.empty() && prefixes.empty(); }
};

// `reserved` without those of the intent's blocks, and the blocks.
Leaving leaving_of(const ipam::Intent& intent, const std::vector<IpAddress>& reserved) {
  Leaving leaving;
  const std::string blocks = parameter(intent, "prefixes");
  for (const std::string_view text : base::split(blocks, ',')) {
    const auto prefix = base::Prefix::parse(text);
    if (prefix.ok()) {
      leaving.prefixes.push_back(*prefix);
    }
  }
  std::ranges::copy_if(reserved, std::back_inserter(leaving.addresses), [&](const auto& address) {
    return std::ranges::none_of(
        leaving.prefixes, [&](const base::Prefix& prefix) { return prefix.contains(address); });
  });
  return leaving;
}

// `things` of one family, at most `most` of them from `at` on.
template <typename Thing>
std::vector<Thing> part_of(const std::vector<Thing>& things, base::Family family, std::size_t at,
                           std::size_t most) {
  std::vector<Thing> part;
  std::size_t passed = 0;
  for (const Thing& thing : things) {
    if (thing.family() == family && passed++ >= at && part.size() < most) {
      part.push_back(thing);
    }
  }
  return part;
}

base::Status send_unassign(Duty& duty, const std::string& eni, const Leaving& leaving) {
  cloud::CallOptions options = duty.call();
  options.wait_for_state = true;
  const std::size_t all = leaving.addresses.size() + leaving.prefixes.size();
  const cloud::UnassignAddresses ipv4{
      .eni_id = eni,
      .addresses = part_of(leaving.addresses, base::Family::kIpv4, 0, all),
      .prefixes = part_of(leaving.prefixes, base::Family::kIpv4, 0, all)};
  if (!ipv4.addresses.empty() || !ipv4.prefixes.empty()) {
    TRY(cloud::unassign_private_ip_addresses(duty.client(), ipv4, options));
  }
  for (std::size_t at = 0; at < all; at += kIpv6PerCall) {
    const cloud::UnassignAddresses ipv6{
        .eni_id = eni,
        .addresses = part_of(leaving.addresses, base::Family::kIpv6, at, kIpv6PerCall),
        .prefixes = part_of(leaving.prefixes, base::Family::kIpv6, at, kIpv6PerCall)};
    if (ipv6.addresses.empty() && ipv6.prefixes.empty()) {
      break;
    }
    options.budget = duty.left();
    TRY(cloud::unassign_ipv6_addresses(duty.client(), ipv6, options));
  }
  return {};
}

// Of `leaving` what `eni` still has, by a look at what must be visible by now.
base::Result<Leaving> still_there(Duty& duty, const std::string& eni, Leaving leaving) {
  TRY(duty.pause(kLag * 5 / 4, "unassign addresses of " + eni));
  const std::optional<cloud::NetworkInterface> seen = TRY(look(duty, eni));
  if (!seen.has_value()) {
    return Leaving();
  }
  std::erase_if(leaving.addresses, [&](const IpAddress& address) {
    return std::ranges::find(seen->private_ips, address, &cloud::PrivateIp::address) ==
               seen->private_ips.end() &&
           std::ranges::find(seen->ipv6s, address) == seen->ipv6s.end();
  });
  std::erase_if(leaving.prefixes, [&](const base::Prefix& prefix) {
    const auto& there = prefix.is_v4() ? seen->ipv4_prefixes : seen->ipv6_prefixes;
    return std::ranges::find(there, prefix) == there.end();
  });
  return leaving;
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
  std::vector<IpAddress> added = std::move(assigned->addresses);
  for (const base::Prefix& prefix : assigned->prefixes) {
    std::ranges::copy(addresses_in(prefix), std::back_inserter(added));
  }
  if (added.empty()) {
    return by_state(duty, intent, std::move(eni));  // an API that answers with a RequestId alone
  }
  ipam::CloudChange change;
  change.put_addresses.reserve(added.size());
  for (const IpAddress& address : added) {
    change.put_addresses.push_back({address, eni.id});
  }
  TRY(end(duty, intent, std::move(change)));
  return Grown{std::move(eni), std::move(added)};
}

base::Status finish_unassign(Duty& duty, const ipam::Intent& intent) {
  const std::string eni = parameter(intent, "eni");
  const std::vector<IpAddress> reserved = TRY(reserved_by(duty, intent));
  Leaving rest = leaving_of(intent, reserved);
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
    rest = TRY(still_there(duty, eni, std::move(rest)));
    TRY(duty.pause(kPoll, "unassign addresses of " + eni));
  }
  return end(duty, intent, {.drop_addresses = reserved});
}

}  // namespace catena::agent
