// The refusals that several actions give, with the cloud's codes, statuses and texts.
#pragma once

#include <string>
#include <string_view>

#include "sim/world.h"

namespace catena::sim {

Refusal missing_parameter(std::string_view name);
Refusal bad_parameter(std::string_view name);
// Code InvalidParameter.Conflict.
Refusal conflicting_parameters(std::string_view a, std::string_view b);
Refusal eni_not_found(const std::string& id);
Refusal ecs_not_found(const std::string& id);
Refusal bad_eni_state(std::string_view expected);
Refusal bad_ecs_state();
Refusal service_managed();
Refusal eni_busy();
Refusal vpc_mismatch();
Refusal dry_run();
Refusal not_enough_addresses(const std::string& vswitch);
Refusal ipv4_count_exceeded();
Refusal ipv6_count_exceeded();

}  // namespace catena::sim
