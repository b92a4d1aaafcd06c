// pool.sync: store, kernel, metadata service and OpenAPI say the same, or nobody gets the address.
#include <algorithm>
#include <set>

#include "agent/pool.h"

namespace catena::agent {
namespace {

// The metadata service shows a change up to 10 s late.
constexpr Millis kMetadataLag{12'000};
constexpr std::string_view kUnknownToMetadata = "the metadata service does not know it";

using Addresses = std::set<base::IpAddress>;

// Free ones nobody is about to touch, and those in quarantine, of ENIs that serve, exclusive ones
// included.
struct Idle {
  std::vector<ipam::Record> free;
  std::vector<ipam::Record> quarantined;
};

base::Result<Idle> idle_records(Duty& duty) {
  std::set<std::string> serving;
  for (const ipam::EniStock& eni : TRY(duty.store().stock())) {
    if (eni.serves() || ipam::serves_a_pod(eni.eni)) {
      serving.insert(eni.eni.id);
    }
  }
  Idle idle;
  for (ipam::Record& record : TRY(duty.store().list())) {
    if (!serving.contains(record.pool)) {
      continue;
    }
    if (record.state == ipam::State::kFree) {
      idle.free.push_back(std::move(record));
    } else if (record.state == ipam::State::kQuarantined) {
      idle.quarantined.push_back(std::move(record));
    }
  }
  return idle;
}

base::Status quarantine(Duty& duty, const base::IpAddress& address, std::string_view why,
                        Recovered& recovered) {
  TRY(duty.store().change({.quarantine = {{address, std::string(why)}}}));
  recovered.done.push_back(address.to_string() + " is quarantined: " + std::string(why));
  return {};
}

base::Status ask_the_kernel(Duty& duty, Recovered& recovered) {
  if (!duty.in_use()) {
    return {};
  }
  const Idle idle = TRY(idle_records(duty));
  for (const ipam::Record& record : idle.free) {
    if (TRY(duty.in_use()(record.address))) {
      TRY(quarantine(duty, record.address, ipam::kInUseNote, recovered));
    }
  }
  for (const ipam::Record& record : idle.quarantined) {
    if (record.note == ipam::kInUseNote && !TRY(duty.in_use()(record.address))) {
      TRY(duty.store().end_quarantine(record.address));
      recovered.done.push_back(record.address.to_string() + " is in use no more: free again");
    }
  }
  return {};
}

bool contains(const cloud::EniMetadata& eni, const base::IpAddress& address) {
  const auto in = [&](const std::vector<base::Prefix>& prefixes) {
    return std::ranges::any_of(prefixes,
                               [&](const base::Prefix& one) { return one.contains(address); });
  };
  return std::ranges::find(eni.private_ips, address) != eni.private_ips.end() ||
         std::ranges::find(eni.ipv6s, address) != eni.ipv6s.end() || in(eni.ipv4_prefixes) ||
         in(eni.ipv6_prefixes);
}

// Addresses that the metadata service knows, and that it does not know. Of an ENI that it does not
// know at all they are neither: it is late, or the guest lacks the NIC.
struct Metadata {
  Addresses known;
  Addresses unknown;
};

base::Result<Metadata> metadata_of(Duty& duty, const std::vector<ipam::Record>& records) {
  Metadata metadata;
  for (const ipam::Eni& eni : TRY(duty.store().cloud()).enis) {
    const bool concerned = std::ranges::any_of(
        records, [&](const ipam::Record& record) { return record.pool == eni.id; });
    if (!concerned) {
      continue;
    }
    const std::optional<cloud::EniMetadata> seen = TRY(duty.metadata()->eni(eni.mac));
    for (const ipam::Record& record : records) {
      if (seen.has_value() && record.pool == eni.id) {
        (contains(*seen, record.address) ? metadata.known : metadata.unknown)
            .insert(record.address);
      }
    }
  }
  return metadata;
}

base::Status quarantine_unknown(Duty& duty, std::vector<ipam::Record> free, Recovered& recovered) {
  const Addresses doubtful = TRY(metadata_of(duty, free)).unknown;
  if (doubtful.empty()) {
    return {};
  }
  std::erase_if(free, [&](const auto& record) { return !doubtful.contains(record.address); });
  TRY(duty.pause(kMetadataLag * 5 / 4, "ask the metadata service again"));
  for (const base::IpAddress& address : TRY(metadata_of(duty, free)).unknown) {
    TRY(quarantine(duty, address, kUnknownToMetadata, recovered));
  }
  return {};
}

base::Status free_known_again(Duty& duty, std::vector<ipam::Record> held, Recovered& recovered) {
  std::erase_if(held, [](const auto& record) { return record.note != kUnknownToMetadata; });
  for (const base::IpAddress& address : TRY(metadata_of(duty, held)).known) {
    TRY(duty.store().end_quarantine(address));
    recovered.done.push_back(address.to_string() + " is known to the metadata service again: free");
  }
  return {};
}

base::Status ask_metadata(Duty& duty, Recovered& recovered) {
  if (duty.metadata() == nullptr) {
    return {};
  }
  Idle idle = TRY(idle_records(duty));
  TRY(quarantine_unknown(duty, std::move(idle.free), recovered));
  return free_known_again(duty, std::move(idle.quarantined), recovered);
}

// Addresses of ENIs that are gone, which a pod held when they went.
base::Status drop_homeless(Duty& duty, Recovered& recovered) {
  std::set<std::string> enis;
  for (const ipam::Eni& eni : TRY(duty.store().cloud()).enis) {
    enis.insert(eni.id);
  }
  ipam::CloudChange change;
  for (const ipam::Record& record : TRY(duty.store().list())) {
    const bool of_range = record.pool.find('/') != std::string::npos;  // ipam::Range::key()
    const bool held = record.state == ipam::State::kBound || record.state == ipam::State::kReserved;
    if (!of_range && !held && !enis.contains(record.pool)) {
      change.drop_addresses.push_back(record.address);
      recovered.done.push_back(record.address.to_string() + " of " + record.pool +
                               ", which is gone: forgotten");
    }
  }
  return change.drop_addresses.empty() ? base::Status() : duty.store().change(change);
}

}  // namespace

base::Result<Recovered> sync_pool(Duty& duty) {
  Recovered recovered = TRY(recover(duty, Scope::kEnis));
  for (const auto step : {drop_homeless, ask_the_kernel, ask_metadata}) {
    const base::Status done = step(duty, recovered);
    if (!done.ok()) {
      recovered.left.push_back(done.error());
    }
  }
  return recovered;
}

}  // namespace catena::agent
