// What the calls that change an ENI have in common.
#pragma once

#include <initializer_list>
#include <string>

#include "sim/world/outcome.h"
#include "sim/world/params.h"
#include "sim/world/pool.h"
#include "sim/world/state.h"

namespace catena::sim {

std::string_view name_of(EniState state);
std::string_view name_of(EniType type);

// The ENI that NetworkInterfaceId names, RegionId checked: InvalidEniId.NotFound otherwise.
Outcome<Eni*> eni_to_change(State& state, const Params& params);
// EniServiceManaged, then InvalidEniState, then Operation.Conflict.
Check check_changeable(const State& state, const Eni& eni, std::initializer_list<EniState> allowed);
// RegionId is there and is the scene's.
Check check_region(const State& state, const Params& params);
// What a call that changes `eni` keeps it busy for; sets State::answer_after.
void occupy(State& state, Eni& eni);
// Whether a fault was planned, or falls by chance, for this task.
bool goes_wrong(State& state, const std::string& kind, const Eni& eni, int percent);

// PrivateIpAddress.N xor SecondaryPrivateIpAddressCount, prefixes likewise.
Outcome<Wanted> wanted_ipv4(const State& state, const Params& params, std::int64_t count_most);
Outcome<Wanted> wanted_ipv6(const State& state, const Params& params);
Wanted merged(Wanted ipv4, const Wanted& ipv6);
// With `more` added, the ENI has no more than its instance type, or an unattached ENI, may have.
Check check_counts(const State& state, const Eni& eni, const Wanted& more);
void add_to_eni(Eni& eni, const Grant& grant);

}  // namespace catena::sim
