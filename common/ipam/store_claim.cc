#include "common/ipam/store_claim.h"

#include <algorithm>

#include "common/ipam/binding.h"
#include "common/ipam/choose.h"

namespace catena::ipam {
namespace {

bool lies_in(const RangeSet& set, const base::IpAddress& address) {
  return std::ranges::any_of(set, [&](const Range& range) { return range.may_hand_out(address); });
}

const Range* range_of(const RangeSet& set, const base::IpAddress& address) {
  const auto found =
      std::ranges::find_if(set, [&](const Range& range) { return range.may_hand_out(address); });
  return found == set.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<RangeSet>& sets) {
  std::string names;
  for (const RangeSet& set : sets) {
    for (const Range& range : set) {
      names += (names.empty() ? "" : ", ") + range.key();
    }
  }
  return names;
}

base::Error out_of_ranges(const Claim& claim, const base::IpAddress& address) {
  std::string why = "lies outside every range (" + names_of(claim.sets) + ")";
  for (const RangeSet& set : claim.sets) {
    for (const Range& range : set) {
      if (range.gateway == address) {
        why = "is the gateway of " + range.key();
      } else if (range.subnet.contains(address)) {
        why = "is left out of " + range.key() + " by rangeStart, rangeEnd or exclude";
      }
    }
  }
  return base::Error(base::ErrorKind::kBadConfig,
                     "wanted address " + address.to_string() + " " + why)
      .advice("ask for an address the network may hand out, or for none");
}

// The wanted address of each set, if any.
base::Result<std::vector<std::optional<base::IpAddress>>> wanted_by_set(const Claim& claim) {
  std::vector<std::optional<base::IpAddress>> by_set(claim.sets.size());
  for (const base::IpAddress& address : claim.wanted) {
    const auto set = std::ranges::find_if(
        claim.sets, [&](const RangeSet& candidate) { return lies_in(candidate, address); });
    if (set == claim.sets.end()) {
      return out_of_ranges(claim, address);
    }
    auto& wanted = by_set.at(static_cast<std::size_t>(set - claim.sets.begin()));
    if (wanted.has_value() && *wanted != address) {
      return base::Error(base::ErrorKind::kBadConfig,
                         "wanted addresses " + wanted->to_string() + " and " + address.to_string() +
                             " lie in one set of ranges (" + names_of({*set}) +
                             "), of which a pod gets one address");
    }
    wanted = address;
  }
  return by_set;
}

class Claiming {
 public:
  Claiming(Update& update, const Claim& claim, const InUse& in_use)
      : update_(update), claim_(claim), binding_(update, claim.owner, in_use) {}

  // What it learns of addresses in use outlives its failure.
  base::Result<std::vector<Record>> run();

 private:
  base::Result<std::vector<Record>> all_sets();
  base::Result<Record> keep(Record held, const std::optional<base::IpAddress>& wanted);
  base::Result<Record> take_any(const RangeSet& set);

  Update& update_;
  const Claim& claim_;
  Binding binding_;
};

base::Result<std::vector<Record>> Claiming::run() {
  base::Result<std::vector<Record>> taken = all_sets();
  TRY(taken.ok() ? update_.commit() : binding_.keep_surprises_only());
  return taken;
}

base::Result<std::vector<Record>> Claiming::all_sets() {
  const auto wanted = TRY(wanted_by_set(claim_));
  std::vector<Record> held =
      TRY(update_.index().owned_by(claim_.owner.container_id, claim_.owner.if_name));
  std::vector<std::optional<Record>> held_by_set(claim_.sets.size());
  for (Record& record : held) {
    std::size_t i = 0;
    while (i < claim_.sets.size() &&
           (held_by_set[i].has_value() || !lies_in(claim_.sets[i], record.address))) {
      ++i;
    }
    if (i == claim_.sets.size()) {
      return already_holds(
          claim_.owner, record,
          "which the configured ranges (" + names_of(claim_.sets) + ") do not have room for");
    }
    held_by_set[i] = std::move(record);
  }
  std::vector<Record> taken;
  for (std::size_t i = 0; i < claim_.sets.size(); ++i) {
    if (held_by_set[i].has_value()) {
      taken.push_back(TRY(keep(*std::move(held_by_set[i]), wanted[i])));
    } else if (wanted[i].has_value()) {
      const Range* range = range_of(claim_.sets[i], *wanted[i]);
      taken.push_back(TRY(binding_.bind_wanted({*wanted[i], range->key()})));
    } else {
      taken.push_back(TRY(take_any(claim_.sets[i])));
    }
  }
  return taken;
}

base::Result<Record> Claiming::keep(Record held, const std::optional<base::IpAddress>& wanted) {
  if (wanted.has_value() && *wanted != held.address) {
    return already_holds(claim_.owner, held, "and wants " + wanted->to_string());
  }
  return binding_.keep(std::move(held));
}

base::Result<Record> Claiming::take_any(const RangeSet& set) {
  while (binding_.surprises() < Binding::kSurprisesAtMost) {
    const std::optional<Candidate> candidate = TRY(next_candidate(update_, set));
    if (!candidate.has_value()) {
      return base::Error(base::ErrorKind::kTryAgain,
                         "no address left: " + TRY(describe(update_, set)))
          .advice(
              "delete pods, or give the network a larger range; quarantined addresses are "
              "known to the kernel of this node although no pod of ours has them");
    }
    const PoolAddress address{candidate->address, candidate->range->key()};
    if (!TRY(binding_.is_in_use(address))) {
      return binding_.bind(address);
    }
  }
  return base::Error(base::ErrorKind::kTryAgain,
                     std::to_string(Binding::kSurprisesAtMost) +
                         " addresses in a row are in use without a record; quarantined")
      .advice("look who else hands out addresses of " + names_of({set}));
}

}  // namespace

base::Status check(const Claim& claim) {
  TRY(check(claim.owner));
  if (claim.sets.empty() ||
      std::ranges::any_of(claim.sets, [](const RangeSet& set) { return set.empty(); })) {
    return base::Error(base::ErrorKind::kBadConfig, "claim an address: no range is configured");
  }
  return {};
}

base::Result<std::vector<Record>> claim_addresses(Update& update, const Claim& claim,
                                                  const InUse& in_use) {
  return Claiming(update, claim, in_use).run();
}

}  // namespace catena::ipam
