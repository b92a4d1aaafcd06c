#include "agent/pool_plan.h"

#include <algorithm>
#include <limits>

#include "agent/prefixes.h"

namespace catena::agent {
namespace {

// In how many blocks of `size` so many addresses are.
int blocks_for(int addresses, int size) { return (addresses + size - 1) / size; }

// What makes `eni` serve `pods` in all; of a new one what the first call can hold.
GrowRequest request_for(const EniRoom& eni, int pods, const Growth& growth) {
  GrowRequest request;
  request.eni = eni.id;
  request.purpose = "pool";
  request.or_fewer = true;
  const int need4 = growth.families.ipv4 ? std::max(pods - eni.free4, 0) : 0;
  const int need6 = growth.families.ipv6 ? std::max(pods - eni.free6, 0) : 0;
  if (growth.prefixes4) {
    request.ipv4_prefixes = std::min(blocks_for(need4, kIpv4PerPrefix), eni.slots4);
  } else {
    request.ipv4 = need4;
  }
  if (growth.prefixes6) {
    request.ipv6_prefixes = std::min(blocks_for(need6, kIpv6PerPrefix), eni.slots6);
  } else {
    request.ipv6 = need6;
  }
  if (eni.id.empty()) {
    request.ipv4 = std::min(request.ipv4, kIpv4PerCall);
    request.ipv4_prefixes = std::min(request.ipv4_prefixes, kPrefixesPerCall);
    request.ipv6 = std::min(request.ipv6, kIpv6PerCall);
    request.ipv6_prefixes = std::min(request.ipv6_prefixes, kPrefixesPerCall);
  }
  return request;
}

int more_of(const EniRoom& eni, const Growth& growth) {
  return servable_at_most(eni, growth) - servable_now(eni, growth.families);
}

// How many addresses or blocks it takes to serve `pods` more, if `eni` can.
int cost_of(const EniRoom& eni, int pods, const Growth& growth) {
  const GrowRequest request = request_for(eni, servable_now(eni, growth.families) + pods, growth);
  return request.ipv4 + request.ipv6 + request.ipv4_prefixes + request.ipv6_prefixes;
}

// The next to grow: of those that can serve all `pods`, so that one is enough, the one that lacks
// least (an address of one family), then the one that the policy prefers; otherwise the one with
// most room.
std::vector<EniRoom>::iterator best_of(std::vector<EniRoom>& enis, int pods, const Growth& growth) {
  return std::ranges::max_element(enis, [&](const EniRoom& a, const EniRoom& b) {
    const int more_a = std::min(more_of(a, growth), pods);
    const int more_b = std::min(more_of(b, growth), pods);
    if (more_a != more_b) {
      return more_a < more_b;
    }
    const int cost_a = cost_of(a, more_a, growth);
    const int cost_b = cost_of(b, more_b, growth);
    if (cost_a != cost_b) {
      return cost_a > cost_b;
    }
    const bool a_is_fuller = more_of(a, growth) < more_of(b, growth);
    const bool b_is_fuller = more_of(b, growth) < more_of(a, growth);
    return growth.policy == cloud::EniPolicy::kMostIps ? b_is_fuller : a_is_fuller;
  });
}

}  // namespace

int servable_now(const EniRoom& eni, const Families& families) {
  const int most = std::numeric_limits<int>::max();
  const int pods = std::min(families.ipv4 ? eni.free4 : most, families.ipv6 ? eni.free6 : most);
  return pods == most ? 0 : pods;
}

int servable_at_most(const EniRoom& eni, const Growth& growth) {
  EniRoom full = eni;
  full.free4 += eni.slots4 * (growth.prefixes4 ? kIpv4PerPrefix : 1);
  full.free6 += eni.slots6 * (growth.prefixes6 ? kIpv6PerPrefix : 1);
  return servable_now(full, growth.families);
}

std::vector<GrowRequest> plan_growth(int pods, std::vector<EniRoom> enis, const Growth& growth) {
  std::vector<GrowRequest> requests;
  while (pods > 0 && !enis.empty()) {
    const auto best = best_of(enis, pods, growth);
    const int more = std::min(more_of(*best, growth), pods);
    if (more > 0) {
      requests.push_back(request_for(*best, servable_now(*best, growth.families) + more, growth));
      pods -= more;
    }
    enis.erase(best);
  }
  const int per_eni = servable_at_most(growth.new_eni, growth);
  for (int left = growth.new_enis; pods > 0 && left > 0 && per_eni > 0; --left) {
    const int served = std::min(per_eni, pods);
    requests.push_back(request_for(growth.new_eni, served, growth));
    pods -= served;
  }
  return requests;
}

}  // namespace catena::agent
