#include "sim/world/eni_rules.h"

#include <algorithm>

#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

Check check_xor(bool a, std::string_view name_a, bool b, std::string_view name_b) {
  if (a && b) {
    return conflicting_parameters(name_a, name_b);
  }
  return {};
}

}  // namespace

std::string_view name_of(EniState state) {
  switch (state) {
    case EniState::kAvailable:
      return "Available";
    case EniState::kAttaching:
      return "Attaching";
    case EniState::kInUse:
      return "InUse";
    case EniState::kDetaching:
      return "Detaching";
    case EniState::kDeleting:
      return "Deleting";
  }
  return "";
}

std::string_view name_of(EniType type) {
  switch (type) {
    case EniType::kPrimary:
      return "Primary";
    case EniType::kSecondary:
      return "Secondary";
    case EniType::kTrunk:
      return "Trunk";
    case EniType::kMember:
      return "Member";
  }
  return "";
}

Check check_region(const State& state, const Params& params) {
  const std::string region = params.region();
  if (region.empty()) {
    return missing_parameter("RegionId");
  }
  if (region != state.scene.region) {
    return Refusal{404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."};
  }
  return {};
}

Outcome<Eni*> eni_to_change(State& state, const Params& params) {
  TRY(check_region(state, params));
  const std::string id = TRY(params.required("NetworkInterfaceId"));
  const auto found = state.enis.find(id);
  if (found == state.enis.end()) {
    return eni_not_found(id);
  }
  return &found->second;
}

Check check_changeable(const State& state, const Eni& eni,
                       std::initializer_list<EniState> allowed) {
  if (eni.service_managed) {
    return service_managed();
  }
  if (std::find(allowed.begin(), allowed.end(), eni.state) == allowed.end()) {
    std::string expected;
    for (const EniState state_allowed : allowed) {
      expected += (expected.empty() ? "" : " or ") + std::string(name_of(state_allowed));
    }
    return bad_eni_state(expected);
  }
  if (eni.busy_until > state.now) {
    return eni_busy();
  }
  return {};
}

void occupy(State& state, Eni& eni) {
  state.answer_after = state.random.within(state.scene.delays.eni_call);
  eni.busy_until = state.now + state.answer_after;
}

bool goes_wrong(State& state, const std::string& kind, const Eni& eni, int percent) {
  for (auto fault = state.planned_faults.begin(); fault != state.planned_faults.end(); ++fault) {
    if (fault->kind == kind && (fault->eni.empty() || fault->eni == eni.id)) {
      if (--fault->count == 0) {
        state.planned_faults.erase(fault);
      }
      return true;
    }
  }
  return state.random.percent(percent);
}

Outcome<Wanted> wanted_ipv4(const State& state, const Params& params, std::int64_t count_most) {
  Wanted wanted;
  const int most_prefixes = state.scene.limits.prefixes_per_call;
  wanted.ipv4 = TRY(params.addresses("PrivateIpAddress", base::Family::kIpv4));
  wanted.ipv4_count =
      TRY(params.integer("SecondaryPrivateIpAddressCount", 1, count_most)).value_or(0);
  wanted.ipv4_prefixes = TRY(params.prefixes("Ipv4Prefix", base::Family::kIpv4, kIpv4PrefixLength));
  wanted.ipv4_prefix_count = TRY(params.integer("Ipv4PrefixCount", 1, most_prefixes)).value_or(0);
  TRY(check_xor(!wanted.ipv4.empty(), "PrivateIpAddress.N", wanted.ipv4_count > 0,
                "SecondaryPrivateIpAddressCount"));
  TRY(check_xor(!wanted.ipv4_prefixes.empty(), "Ipv4Prefix.N", wanted.ipv4_prefix_count > 0,
                "Ipv4PrefixCount"));
  TRY(check_xor(!wanted.ipv4.empty() || wanted.ipv4_count > 0, "PrivateIpAddress",
                !wanted.ipv4_prefixes.empty() || wanted.ipv4_prefix_count > 0, "Ipv4Prefix"));
  if (wanted.ipv4_prefixes.size() > static_cast<std::size_t>(most_prefixes)) {
    return bad_parameter("Ipv4Prefix.N");
  }
  return wanted;
}

Outcome<Wanted> wanted_ipv6(const State& state, const Params& params) {
  Wanted wanted;
  const SceneLimits& limits = state.scene.limits;
  wanted.ipv6 = TRY(params.addresses("Ipv6Address", base::Family::kIpv6));
  wanted.ipv6_count = TRY(params.integer("Ipv6AddressCount", 1, limits.ipv6_per_call)).value_or(0);
  wanted.ipv6_prefixes = TRY(params.prefixes("Ipv6Prefix", base::Family::kIpv6, kIpv6PrefixLength));
  wanted.ipv6_prefix_count =
      TRY(params.integer("Ipv6PrefixCount", 1, limits.prefixes_per_call)).value_or(0);
  TRY(check_xor(!wanted.ipv6.empty(), "Ipv6Address.N", wanted.ipv6_count > 0, "Ipv6AddressCount"));
  TRY(check_xor(!wanted.ipv6_prefixes.empty(), "Ipv6Prefix.N", wanted.ipv6_prefix_count > 0,
                "Ipv6PrefixCount"));
  if (wanted.ipv6.size() > static_cast<std::size_t>(limits.ipv6_per_call)) {
    return bad_parameter("Ipv6Address.N");
  }
  if (wanted.ipv6_prefixes.size() > static_cast<std::size_t>(limits.prefixes_per_call)) {
    return bad_parameter("Ipv6Prefix.N");
  }
  return wanted;
}

Wanted merged(Wanted ipv4, const Wanted& ipv6) {
  ipv4.ipv6 = ipv6.ipv6;
  ipv4.ipv6_count = ipv6.ipv6_count;
  ipv4.ipv6_prefixes = ipv6.ipv6_prefixes;
  ipv4.ipv6_prefix_count = ipv6.ipv6_prefix_count;
  return ipv4;
}

Check check_counts(const State& state, const Eni& eni, const Wanted& more) {
  std::int64_t ipv4_most = state.scene.limits.assign_available + 1;  // and the primary address
  std::int64_t ipv6_most = state.scene.limits.ipv6_per_call;
  const auto instance = state.instances.find(eni.instance);
  if (instance != state.instances.end()) {
    ipv4_most = instance->second.type.ipv4_per_eni;
    ipv6_most = instance->second.type.ipv6_per_eni;
  }
  const auto ipv4_now = static_cast<std::int64_t>(eni.ipv4.size() + eni.ipv4_prefixes.size());
  const auto ipv6_now = static_cast<std::int64_t>(eni.ipv6.size() + eni.ipv6_prefixes.size());
  if (more.ipv4_slots() + ipv4_now > ipv4_most) {
    return ipv4_count_exceeded();
  }
  if (more.ipv6_slots() > 0 && instance != state.instances.end() && ipv6_most == 0) {
    return Refusal{403, "InvalidOperation.Ipv6NotSupport",
                   "The instance type does not support IPv6 addresses."};
  }
  if (more.ipv6_slots() + ipv6_now > ipv6_most) {
    return ipv6_count_exceeded();
  }
  return {};
}

void add_to_eni(Eni& eni, const Grant& grant) {
  eni.ipv4.insert(eni.ipv4.end(), grant.ipv4.begin(), grant.ipv4.end());
  eni.ipv4_prefixes.insert(eni.ipv4_prefixes.end(), grant.ipv4_prefixes.begin(),
                           grant.ipv4_prefixes.end());
  eni.ipv6.insert(eni.ipv6.end(), grant.ipv6.begin(), grant.ipv6.end());
  eni.ipv6_prefixes.insert(eni.ipv6_prefixes.end(), grant.ipv6_prefixes.begin(),
                           grant.ipv6_prefixes.end());
}

}  // namespace catena::sim
