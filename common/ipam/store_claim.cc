#include "common/ipam/store_claim.h"

#include <algorithm>

#include "common/ipam/choose.h"

namespace catena::ipam {
namespace {

// PATH_MAX of linux/limits.h, the longest of them; the journal's lines stay readable.
constexpr std::size_t kLongestText = 4096;

// A claim that finds so many addresses in use at once stops and keeps what it learned.
constexpr std::size_t kSurprisesAtMost = 1024;

bool lies_in(const RangeSet& set, const base::IpAddress& address) {
  return std::ranges::any_of(set, [&](const Range& range) { return range.may_hand_out(address); });
}

const Range* range_of(const RangeSet& set, const base::IpAddress& address) {
  const auto found =
      std::ranges::find_if(set, [&](const Range& range) { return range.may_hand_out(address); });
  return found == set.end() ? nullptr : &*found;
}

std::string name_of(const Owner& owner) {
  return (owner.pod.empty() ? "" : "pod " + owner.pod + ", ") + "container " + owner.container_id +
         " " + owner.if_name;
}

bool same(const Owner& a, const Owner& b) {
  return a.container_id == b.container_id && a.if_name == b.if_name && a.network == b.network &&
         a.netns == b.netns && a.pod == b.pod;
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

// Serves one claim; what it learns of addresses in use outlives its failure.
class Claiming {
 public:
  Claiming(Update& update, const Claim& claim, const InUse& in_use)
      : update_(update), claim_(claim), in_use_(in_use) {}

  base::Result<std::vector<Record>> run();

 private:
  base::Result<std::vector<Record>> all_sets();
  base::Result<Record> keep(Record held, const std::optional<base::IpAddress>& wanted);
  base::Result<Record> take_any(const RangeSet& set);
  base::Result<Record> take_wanted(const RangeSet& set, const base::IpAddress& address);
  base::Result<bool> is_in_use(const Candidate& candidate);
  base::Result<Record> bind(const Candidate& candidate);
  base::Error already_holds(const Record& held, const std::string& but) const;

  Update& update_;
  const Claim& claim_;
  const InUse& in_use_;
  std::vector<Record> surprises_;
};

base::Result<std::vector<Record>> Claiming::run() {
  base::Result<std::vector<Record>> taken = all_sets();
  if (!taken.ok() && surprises_.empty()) {
    return taken;
  }
  if (!taken.ok()) {
    TRY(update_.start_over());
    for (const Record& record : surprises_) {
      TRY(update_.stage(record));
    }
  }
  TRY(update_.commit());
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
      return already_holds(record, "which the configured ranges (" + names_of(claim_.sets) +
                                       ") do not have room for");
    }
    held_by_set[i] = std::move(record);
  }
  std::vector<Record> taken;
  for (std::size_t i = 0; i < claim_.sets.size(); ++i) {
    if (held_by_set[i].has_value()) {
      taken.push_back(TRY(keep(*std::move(held_by_set[i]), wanted[i])));
    } else if (wanted[i].has_value()) {
      taken.push_back(TRY(take_wanted(claim_.sets[i], *wanted[i])));
    } else {
      taken.push_back(TRY(take_any(claim_.sets[i])));
    }
  }
  return taken;
}

base::Error Claiming::already_holds(const Record& held, const std::string& but) const {
  return base::Error(base::ErrorKind::kExists, name_of(claim_.owner) + " holds " +
                                                   held.address.to_string() + " already, " + but)
      .advice("DEL the container first");
}

base::Result<Record> Claiming::keep(Record held, const std::optional<base::IpAddress>& wanted) {
  if (wanted.has_value() && *wanted != held.address) {
    return already_holds(held, "and wants " + wanted->to_string());
  }
  if (held.state == State::kBound && same(held.owner, claim_.owner)) {
    return held;
  }
  held.state = State::kBound;
  held.owner = claim_.owner;
  return update_.stage(std::move(held));
}

base::Result<Record> Claiming::take_any(const RangeSet& set) {
  while (surprises_.size() < kSurprisesAtMost) {
    const std::optional<Candidate> candidate = TRY(next_candidate(update_, set));
    if (!candidate.has_value()) {
      return base::Error(base::ErrorKind::kTryAgain,
                         "no address left: " + TRY(describe(update_, set)))
          .advice(
              "delete pods, or give the network a larger range; quarantined addresses are "
              "known to the kernel of this node although no pod of ours has them");
    }
    if (!TRY(is_in_use(*candidate))) {
      return bind(*candidate);
    }
  }
  return base::Error(base::ErrorKind::kTryAgain,
                     std::to_string(kSurprisesAtMost) +
                         " addresses in a row are in use without a record; quarantined")
      .advice("look who else hands out addresses of " + names_of({set}));
}

base::Result<Record> Claiming::take_wanted(const RangeSet& set, const base::IpAddress& address) {
  const Candidate candidate{address, range_of(set, address)};
  const std::optional<Holding> holding = TRY(update_.index().holding(address));
  const std::optional<Record> record = TRY(update_.record_of(address));
  const std::string wanted = "wanted address " + address.to_string() + " ";
  if (holding.has_value() && !record.has_value()) {
    return base::Error(base::ErrorKind::kTryAgain,
                       wanted + "has a record that this release can't read");
  }
  if (record.has_value() && record->state == State::kCooling) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "was freed a moment ago and cools");
  }
  if (record.has_value() && record->state == State::kQuarantined) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "is quarantined: " + record->note);
  }
  if (record.has_value() && record->state != State::kFree) {
    return base::Error(base::ErrorKind::kTryAgain, wanted + "is held by " + name_of(record->owner));
  }
  if (TRY(is_in_use(candidate))) {
    return base::Error(base::ErrorKind::kTryAgain,
                       wanted + "is in use on this node without a record; quarantined");
  }
  return bind(candidate);
}

// Asks the kernel; an address it knows is quarantined.
base::Result<bool> Claiming::is_in_use(const Candidate& candidate) {
  const std::string what = "ask whether " + candidate.address.to_string() + " is in use";
  if (!in_use_ || !TRY(in_use_(candidate.address).context(what))) {
    return false;
  }
  Record record = TRY(update_.record_of(candidate.address)).value_or(Record{});
  record.address = candidate.address;
  record.pool = candidate.range->key();
  record.state = State::kQuarantined;
  record.note = "in use on this node when it was to be handed out";
  surprises_.push_back(record);
  TRY(update_.stage(std::move(record)));
  return true;
}

base::Result<Record> Claiming::bind(const Candidate& candidate) {
  Record record = TRY(update_.record_of(candidate.address)).value_or(Record{});
  record.address = candidate.address;
  record.pool = candidate.range->key();
  record.state = State::kBound;
  record.owner = claim_.owner;
  record.note.clear();
  ++record.generation;
  return update_.stage(std::move(record));
}

}  // namespace

base::Status check(const Claim& claim) {
  const Owner& owner = claim.owner;
  if (owner.container_id.empty() || owner.if_name.empty()) {
    return base::Error(base::ErrorKind::kBadEnvironment,
                       "claim an address: no container ID or no interface name");
  }
  for (const std::string* text :
       {&owner.container_id, &owner.if_name, &owner.network, &owner.netns, &owner.pod}) {
    if (text->size() > kLongestText || !survives_json(*text)) {
      return base::Error(base::ErrorKind::kBadEnvironment,
                         "claim an address for container " + owner.container_id.substr(0, 64) +
                             ": a name of " + std::to_string(text->size()) +
                             " bytes is too long or not UTF-8");
    }
  }
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
