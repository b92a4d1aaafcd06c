// Assign and Unassign of private IPv4 and of IPv6 addresses, prefixes included.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/enis.h"
#include "sim/world/format.h"
#include "sim/world/limits.h"
#include "sim/world/plane_feed.h"
#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using base::IpAddress;
using base::Prefix;
using nlohmann::json;

// The most that a call may ask for by count; what the ENI may hold is another limit.
constexpr std::int64_t kAssignCountMost = 49;

void changed(State& state, Eni& eni) {
  occupy(state, eni);
  publish_eni(state, eni);
  feed_addresses(state, eni);
}

Outcome<Grant> assign(State& state, Eni& eni, const Wanted& wanted) {
  TRY(check_changeable(state, eni, {EniState::kAvailable, EniState::kInUse}));
  TRY(check_counts(state, eni, wanted));
  TRY(check_groups(state, eni.groups, eni.vpc, wanted.ipv4_slots()));
  VSwitch& vswitch = state.vswitches.at(eni.vswitch);
  Grant grant = TRY(plan_grant(state, vswitch, wanted));
  take_grant(state, vswitch, grant, eni.id);
  add_to_eni(eni, grant);
  changed(state, eni);
  return grant;
}

Refusal not_assigned(const std::string& what) {
  return {403, "InvalidIp.IpUnassigned",
          "The specified IP \"" + what + "\" is not assigned on this ENI."};
}

template <typename T>
bool holds(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

Check check_assigned(const Eni& eni, const Grant& given_back) {
  const Grant held = holdings(eni);
  for (const auto& [mine, asked] :
       {std::pair{&held.ipv4, &given_back.ipv4}, std::pair{&held.ipv6, &given_back.ipv6}}) {
    for (const IpAddress& address : *asked) {
      if (!holds(*mine, address) || address == held.ipv4.front()) {
        return not_assigned(address.to_string());
      }
    }
  }
  for (const auto& [mine, asked] : {std::pair{&held.ipv4_prefixes, &given_back.ipv4_prefixes},
                                    std::pair{&held.ipv6_prefixes, &given_back.ipv6_prefixes}}) {
    for (const Prefix& prefix : *asked) {
      if (!holds(*mine, prefix)) {
        return not_assigned(prefix.to_string());
      }
    }
  }
  return {};
}

// All of it or nothing.
Check unassign(State& state, Eni& eni, const Grant& given_back) {
  TRY(check_changeable(state, eni, {EniState::kAvailable, EniState::kInUse}));
  TRY(check_assigned(eni, given_back));
  give_back(state, eni, given_back);
  occupy(state, eni);
  return {};
}

}  // namespace

void give_back(State& state, Eni& eni, const Grant& given_back) {
  std::erase_if(eni.ipv4, [&](const auto& one) { return holds(given_back.ipv4, one); });
  std::erase_if(eni.ipv6, [&](const auto& one) { return holds(given_back.ipv6, one); });
  std::erase_if(eni.ipv4_prefixes,
                [&](const auto& one) { return holds(given_back.ipv4_prefixes, one); });
  std::erase_if(eni.ipv6_prefixes,
                [&](const auto& one) { return holds(given_back.ipv6_prefixes, one); });
  release(state, state.vswitches.at(eni.vswitch), given_back);
  publish_eni(state, eni);
  feed_addresses(state, eni);
}

Outcome<json> assign_private_ip_addresses(State& state, const Params& params) {
  TRY(check_region(state, params));
  const Wanted wanted = TRY(wanted_ipv4(state, params, kAssignCountMost));
  if (wanted.ipv4_slots() == 0) {
    return missing_parameter("SecondaryPrivateIpAddressCount");
  }
  Eni* eni = TRY(eni_to_change(state, params));
  if (eni->state == EniState::kAvailable &&
      wanted.ipv4.size() > static_cast<std::size_t>(state.scene.limits.assign_available_explicit)) {
    return bad_parameter("PrivateIpAddress.N");
  }
  const Grant grant = TRY(assign(state, *eni, wanted));
  return json{{"AssignedPrivateIpAddressesSet",
               {{"NetworkInterfaceId", eni->id},
                {"PrivateIpSet", wrapped_texts("PrivateIpAddress", texts(grant.ipv4))},
                {"Ipv4PrefixSet", wrapped_texts("Ipv4Prefixes", texts(grant.ipv4_prefixes))}}}};
}

Outcome<json> unassign_private_ip_addresses(State& state, const Params& params) {
  Grant given_back;
  given_back.ipv4 = TRY(params.addresses("PrivateIpAddress", base::Family::kIpv4));
  given_back.ipv4_prefixes =
      TRY(params.prefixes("Ipv4Prefix", base::Family::kIpv4, kIpv4PrefixLength));
  if (given_back.ipv4.empty() && given_back.ipv4_prefixes.empty()) {
    return missing_parameter("PrivateIpAddress");
  }
  Eni* eni = TRY(eni_to_change(state, params));
  TRY(unassign(state, *eni, given_back));
  return json::object();
}

Outcome<json> assign_ipv6_addresses(State& state, const Params& params) {
  TRY(check_region(state, params));
  const Wanted wanted = TRY(wanted_ipv6(state, params));
  if (wanted.ipv6_slots() == 0) {
    return missing_parameter("Ipv6AddressCount");
  }
  Eni* eni = TRY(eni_to_change(state, params));
  const Grant grant = TRY(assign(state, *eni, wanted));
  return json{{"NetworkInterfaceId", eni->id},
              {"Ipv6Sets", wrapped_texts("Ipv6Address", texts(grant.ipv6))},
              {"Ipv6PrefixSets", wrapped_texts("Ipv6Prefix", texts(grant.ipv6_prefixes))}};
}

Outcome<json> unassign_ipv6_addresses(State& state, const Params& params) {
  Grant given_back;
  given_back.ipv6 = TRY(params.addresses("Ipv6Address", base::Family::kIpv6));
  given_back.ipv6_prefixes =
      TRY(params.prefixes("Ipv6Prefix", base::Family::kIpv6, kIpv6PrefixLength));
  if (given_back.ipv6.empty() && given_back.ipv6_prefixes.empty()) {
    return missing_parameter("Ipv6Address");
  }
  if (given_back.ipv6.size() > static_cast<std::size_t>(state.scene.limits.ipv6_per_call)) {
    return bad_parameter("Ipv6Address.N");
  }
  Eni* eni = TRY(eni_to_change(state, params));
  TRY(unassign(state, *eni, given_back));
  return json::object();
}

}  // namespace catena::sim
