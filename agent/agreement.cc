#include "agent/agreement.h"

#include <algorithm>
#include <set>

namespace catena::agent {
namespace {

using Addresses = std::set<base::IpAddress>;

Addresses addresses_of(const std::optional<cloud::NetworkInterface>& eni) {
  Addresses addresses;
  if (eni.has_value()) {
    addresses.insert(eni->ipv6s.begin(), eni->ipv6s.end());
    std::ranges::transform(eni->private_ips, std::inserter(addresses, addresses.end()),
                           &cloud::PrivateIp::address);
  }
  return addresses;
}

bool is_reserved_for_another(const ipam::Record& record, const ipam::Intent* ended) {
  return record.state == ipam::State::kReserved && record.owner.if_name == ipam::kIntentInterface &&
         (ended == nullptr || record.owner.container_id != ended->key);
}

}  // namespace

base::Result<Agreement> agree(Duty& duty, const std::string& eni, const ipam::Intent* ended) {
  const std::string what = "compare " + eni + " with the cloud";
  std::vector<ipam::Record> known;
  for (ipam::Record& record : TRY(duty.store().list())) {
    if (record.pool == eni) {
      known.push_back(std::move(record));
    }
  }
  TRY(duty.pause(kLag * 5 / 4, what));
  std::optional<cloud::NetworkInterface> seen = TRY(look(duty, eni));
  Addresses there = addresses_of(seen);
  const bool looks_short = !seen.has_value() || std::ranges::any_of(known, [&](const auto& record) {
    return !there.contains(record.address);
  });
  if (looks_short) {
    TRY(duty.pause(kLag * 5 / 4, what));
    seen = TRY(look(duty, eni));
    there.merge(addresses_of(seen));
  }

  Agreement agreement;
  agreement.gone = !seen.has_value() && there.empty();
  agreement.addresses.assign(there.begin(), there.end());
  ipam::CloudChange change;
  Addresses missing = there;
  for (const ipam::Record& record : known) {
    const bool is_there = there.contains(record.address);
    const bool freed =
        record.state == ipam::State::kReserved && !is_reserved_for_another(record, ended);
    if (is_there && !freed) {
      missing.erase(record.address);
    }
    if (is_there || is_reserved_for_another(record, ended)) {
      continue;
    }
    if (record.state == ipam::State::kBound) {
      duty.notice(record.address.to_string() + " is held by pod " + record.owner.pod + ", but " +
                  eni + " has lost it");
      continue;
    }
    change.drop_addresses.push_back(record.address);
    agreement.forgotten.push_back(record.address);
  }
  for (const base::IpAddress& address : missing) {
    change.put_addresses.push_back({address, eni});
  }
  agreement.adopted.assign(missing.begin(), missing.end());
  if (agreement.gone) {
    change.drop_enis = {eni};
  }
  if (ended != nullptr) {
    change.drop_intents = {ended->key};
  }
  TRY(duty.store().change(change).context(what));
  return agreement;
}

}  // namespace catena::agent
