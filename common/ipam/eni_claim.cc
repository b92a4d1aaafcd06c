#include "common/ipam/eni_claim.h"

#include <algorithm>

#include "common/ipam/binding.h"
#include "common/ipam/choose.h"
#include "common/ipam/cloud_record.h"

namespace catena::ipam {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Result;

// The address of each family of the claim that one ENI could give.
struct Choice {
  Entry eni;
  std::vector<IpAddress> addresses;
  std::chrono::nanoseconds free_since{};  // of the first address
};

// What of an ENI a pod gets.
enum class Share { kAddresses, kWhole };

class EniClaiming {
 public:
  EniClaiming(Update& update, const EniClaim& claim, const InUse& in_use, Share share)
      : update_(update), claim_(claim), share_(share), binding_(update, claim.owner, in_use) {}

  // What it learns of addresses in use outlives its failure.
  Result<std::optional<EniAttachment>> run();

 private:
  Result<std::optional<EniAttachment>> held_or_new();
  Result<EniAttachment> keep(std::vector<Record> held);
  Result<std::optional<EniAttachment>> take();
  base::Status look_at_wanted();
  std::string why_not(const IpAddress& wanted, const std::optional<Eni>& eni) const;
  bool may_serve(const ListedEni& listed) const;
  Result<bool> is_held(const std::string& eni);
  Result<std::optional<Choice>> best_choice();
  Result<std::optional<Choice>> choice_of(const ListedEni& listed);
  Result<std::optional<Holding>> free_address(const ListedEni& listed, Family family);
  Result<bool> any_in_use(const Choice& choice);
  Result<EniAttachment> bind(const Choice& choice);
  const IpAddress* wanted_of(Family family) const;

  Update& update_;
  const EniClaim& claim_;
  Share share_;
  Binding binding_;
  std::string wanted_eni_;  // the one that has the wanted addresses; empty: any
};

Result<std::optional<EniAttachment>> EniClaiming::run() {
  Result<std::optional<EniAttachment>> taken = held_or_new();
  TRY(taken.ok() ? update_.commit() : binding_.keep_surprises_only());
  return taken;
}

Result<std::optional<EniAttachment>> EniClaiming::held_or_new() {
  std::vector<Record> held =
      TRY(update_.index().owned_by(claim_.owner.container_id, claim_.owner.if_name));
  if (held.empty()) {
    return take();
  }
  EniAttachment kept = TRY(keep(std::move(held)));
  return std::optional<EniAttachment>(std::move(kept));
}

const IpAddress* EniClaiming::wanted_of(Family family) const {
  const auto found = std::ranges::find(claim_.wanted, family, &IpAddress::family);
  return found == claim_.wanted.end() ? nullptr : &*found;
}

Result<EniAttachment> EniClaiming::keep(std::vector<Record> held) {
  const std::optional<Entry> entry = TRY(update_.index().find(kEniKind, held.front().pool));
  const std::optional<Eni> eni = entry.has_value() ? eni_in(*entry) : std::nullopt;
  const bool serves =
      eni.has_value() && (share_ == Share::kWhole ? serves_a_pod(*eni) : serves_pods(*eni));
  if (!serves) {
    return already_holds(claim_.owner, held.front(),
                         "of " + held.front().pool + ", which serves no " +
                             (share_ == Share::kWhole ? "pod as a whole" : "pods"));
  }
  EniAttachment kept{.eni = *eni, .records = {}};
  for (const Family family : claim_.families) {
    const auto found = std::ranges::find_if(
        held, [family](const Record& record) { return record.address.family() == family; });
    const IpAddress* wanted = wanted_of(family);
    if (found == held.end() || found->pool != eni->id) {
      return already_holds(claim_.owner, held.front(), "but not one of each family of one ENI");
    }
    if (wanted != nullptr && *wanted != found->address) {
      return already_holds(claim_.owner, *found, "and wants " + wanted->to_string());
    }
    kept.records.push_back(TRY(binding_.keep(*found)));
    held.erase(found);
  }
  if (!held.empty()) {
    return already_holds(claim_.owner, held.front(), "of a family that the network has not");
  }
  return kept;
}

// Why a pod can't have `wanted`, which is of `eni`; empty where it can.
std::string EniClaiming::why_not(const IpAddress& wanted, const std::optional<Eni>& eni) const {
  if (!eni.has_value()) {
    return "belongs to no ENI of this node";
  }
  if (std::ranges::find(claim_.families, wanted.family()) == claim_.families.end()) {
    return "is of no family of this network";
  }
  const bool whole = share_ == Share::kWhole;
  if (eni->mode != (whole ? kExclusiveMode : kSharedMode)) {
    return "belongs to " + eni->id + ", which is of the mode " + eni->mode;
  }
  if (whole && wanted.family() == Family::kIpv4 && wanted != eni->address) {
    return "is not the primary address of " + eni->id;
  }
  return {};
}

// Finds the ENI of the wanted addresses, and refuses what can't be had.
base::Status EniClaiming::look_at_wanted() {
  for (const IpAddress& address : claim_.wanted) {
    const std::string wanted = "wanted address " + address.to_string() + " ";
    const std::optional<Record> record = TRY(update_.record_of(address));
    const std::optional<Entry> entry =
        record.has_value() ? TRY(update_.index().find(kEniKind, record->pool)) : std::nullopt;
    const std::optional<Eni> eni = entry.has_value() ? eni_in(*entry) : std::nullopt;
    if (const std::string refusal = why_not(address, eni); !refusal.empty()) {
      return Error(ErrorKind::kBadConfig, wanted + refusal)
          .advice("ask for an address that this node has (catena ipam list), or for none");
    }
    if ((!wanted_eni_.empty() && wanted_eni_ != record->pool) ||
        *wanted_of(address.family()) != address) {
      return Error(ErrorKind::kBadConfig,
                   wanted +
                       "does not go with the others: a pod gets one address of each family, "
                       "all of one ENI");
    }
    wanted_eni_ = record->pool;
    TRY(binding_.is_free(address));
  }
  return {};
}

Result<std::optional<EniAttachment>> EniClaiming::take() {
  TRY(look_at_wanted());
  while (binding_.surprises() < Binding::kSurprisesAtMost) {
    const std::optional<Choice> choice = TRY(best_choice());
    if (!choice.has_value()) {
      return std::optional<EniAttachment>();
    }
    if (!TRY(any_in_use(*choice))) {
      EniAttachment bound = TRY(bind(*choice));
      return std::optional<EniAttachment>(std::move(bound));
    }
  }
  return Error(ErrorKind::kTryAgain, std::to_string(Binding::kSurprisesAtMost) +
                                         " addresses of ENIs are in use without a record; "
                                         "quarantined")
      .advice("look who else hands out addresses of this node's ENIs");
}

bool EniClaiming::may_serve(const ListedEni& listed) const {
  const std::string& id = listed.entry.key;
  return (share_ == Share::kWhole ? serves_a_pod(eni_in(listed.entry).value_or(Eni{}))
                                  : listed.serves) &&
         (wanted_eni_.empty() || wanted_eni_ == id) &&
         std::ranges::find(claim_.except, id) == claim_.except.end();
}

// Whether a pod or an intent has anything of it.
Result<bool> EniClaiming::is_held(const std::string& eni) {
  std::uint32_t held = 0;
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    const PoolFacts pool = TRY(update_.index().pool(eni, family));
    held += pool.by_state.at(static_cast<std::size_t>(State::kBound)) +
            pool.by_state.at(static_cast<std::size_t>(State::kReserved));
  }
  return held != 0;
}

Result<std::optional<Choice>> EniClaiming::best_choice() {
  std::optional<Choice> best;
  for (const ListedEni& listed : TRY(update_.index().enis())) {
    if (!may_serve(listed)) {
      continue;
    }
    std::optional<Choice> choice = TRY(choice_of(listed));
    if (choice.has_value() && (!best.has_value() || choice->free_since < best->free_since)) {
      best = std::move(choice);
    }
  }
  return best;
}

Result<std::optional<Choice>> EniClaiming::choice_of(const ListedEni& listed) {
  Choice choice{.eni = listed.entry, .addresses = {}};
  if (share_ == Share::kWhole && TRY(is_held(listed.entry.key))) {
    return std::optional<Choice>();
  }
  for (const Family family : claim_.families) {
    if (const IpAddress* wanted = wanted_of(family); wanted != nullptr) {
      choice.addresses.push_back(*wanted);
      continue;
    }
    const std::optional<Holding> holding = TRY(free_address(listed, family));
    if (!holding.has_value()) {
      return std::optional<Choice>();
    }
    // A kFree one is free since a boot or its coming, before all that cooled.
    if (choice.addresses.empty() && holding->state == State::kCooling) {
      choice.free_since = holding->since_boot;
    }
    choice.addresses.push_back(holding->address);
  }
  return std::optional<Choice>(std::move(choice));
}

// The one free for longest; of an ENI as a whole its primary one.
Result<std::optional<Holding>> EniClaiming::free_address(const ListedEni& listed, Family family) {
  const PoolFacts pool = TRY(update_.index().pool(listed.entry.key, family));
  std::optional<Holding> found;
  if (share_ == Share::kWhole && family == Family::kIpv4) {
    const IpAddress primary = eni_in(listed.entry).value_or(Eni{}).address;
    found = TRY(update_.index().holding(primary));
  } else if (pool.longest_free != 0) {
    found = TRY(update_.index().holding_at(pool.longest_free));
  }
  // Where the one free for longest cools, so do all after it.
  const bool is_free = found.has_value() && found->pool == pool.slot &&
                       (found->state == State::kFree || found->state == State::kCooling) &&
                       !update_.still_cools(found->state, found->since_boot);
  return is_free ? found : std::nullopt;
}

Result<bool> EniClaiming::any_in_use(const Choice& choice) {
  bool any = false;
  for (const IpAddress& address : choice.addresses) {
    const bool in_use = TRY(binding_.is_in_use({address, choice.eni.key}));
    if (in_use && wanted_of(address.family()) != nullptr) {
      return Error(ErrorKind::kTryAgain, "wanted address " + address.to_string() +
                                             " is in use on this node without a record; "
                                             "quarantined");
    }
    any = any || in_use;
  }
  return any;
}

Result<EniAttachment> EniClaiming::bind(const Choice& choice) {
  const std::optional<Eni> eni = eni_in(choice.eni);
  if (!eni.has_value()) {
    return Error(ErrorKind::kInternal, "the record of " + choice.eni.key + " can't be read");
  }
  EniAttachment bound{.eni = *eni, .records = {}};
  for (const IpAddress& address : choice.addresses) {
    bound.records.push_back(TRY(binding_.bind({address, choice.eni.key})));
  }
  return bound;
}

Result<FamilyStock> family_stock(Update& update, const std::string& eni, Family family) {
  const PoolFacts pool = TRY(update.index().pool(eni, family));
  const auto count = [&pool](State state) -> std::uint64_t {
    return pool.by_state.at(static_cast<std::size_t>(state));
  };
  FamilyStock stock;
  stock.cooling = TRY(count_cooling(update, pool));
  stock.free = count(State::kFree) + count(State::kCooling) - stock.cooling;
  stock.bound = count(State::kBound);
  stock.reserved = count(State::kReserved);
  stock.quarantined = count(State::kQuarantined);
  return stock;
}

}  // namespace

bool EniStock::is_idle(const std::vector<Family>& families) const {
  const bool has_addresses = std::ranges::all_of(
      families, [this](Family family) { return of(family).free + of(family).cooling > 0; });
  return serves_a_pod(eni) && !is_held() && ipv4.reserved + ipv6.reserved == 0 && has_addresses;
}

base::Status check(const EniClaim& claim) {
  TRY(check(claim.owner));
  if (claim.families.empty()) {
    return Error(ErrorKind::kInternal, "claim addresses of an ENI: of no family");
  }
  return {};
}

Result<std::optional<EniAttachment>> claim_eni_addresses(Update& update, const EniClaim& claim,
                                                         const InUse& in_use) {
  return EniClaiming(update, claim, in_use, Share::kAddresses).run();
}

Result<std::optional<EniAttachment>> claim_whole_eni(Update& update, const EniClaim& claim,
                                                     const InUse& in_use) {
  return EniClaiming(update, claim, in_use, Share::kWhole).run();
}

Result<std::vector<EniStock>> stock_of(Update& update) {
  std::vector<EniStock> stock;
  for (const ListedEni& listed : TRY(update.index().enis())) {
    std::optional<Eni> eni = eni_in(listed.entry);
    if (!eni.has_value()) {
      continue;
    }
    const FamilyStock ipv4 = TRY(family_stock(update, eni->id, Family::kIpv4));
    const FamilyStock ipv6 = TRY(family_stock(update, eni->id, Family::kIpv6));
    stock.push_back({.eni = std::move(*eni), .ipv4 = ipv4, .ipv6 = ipv6});
  }
  std::ranges::sort(stock, {}, [](const EniStock& one) { return one.eni.id; });
  return stock;
}

}  // namespace catena::ipam
