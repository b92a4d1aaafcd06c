#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

}  // namespace

Refusal missing_parameter(std::string_view name) {
  return {400, "MissingParameter",
          "The input parameter " + quoted(name) +
              " that is mandatory for processing this request is not supplied."};
}

Refusal bad_parameter(std::string_view name) {
  return {400, "InvalidParameter", "The specified parameter " + quoted(name) + " is not valid."};
}

Refusal conflicting_parameters(std::string_view a, std::string_view b) {
  return {400, "InvalidParameter.Conflict",
          "The specified parameters " + quoted(a) + " and " + quoted(b) +
              " are not compatible with each other."};
}

Refusal eni_not_found(const std::string& id) {
  return {404, "InvalidEniId.NotFound", "The specified EniId " + quoted(id) + " is not found."};
}

Refusal ecs_not_found(const std::string& /*id*/) {
  return {404, "InvalidEcsId.NotFound", "The specified EcsId is not found."};
}

Refusal bad_eni_state(std::string_view expected) {
  return {400, "InvalidOperation.InvalidEniState",
          "The operation is not allowed in the current ENI state. Expecting status is " +
              std::string(expected) + "."};
}

Refusal bad_ecs_state() {
  return {400, "InvalidOperation.InvalidEcsState",
          "The operation is not allowed in the current ECS state."};
}

Refusal service_managed() {
  return {403, "InvalidOperation.EniServiceManaged",
          "The operation is not allowed on a service managed ENI."};
}

Refusal eni_busy() { return {403, "Operation.Conflict", "ecs task is conflicted."}; }

Refusal vpc_mismatch() {
  return {403, "InvalidOperation.VpcMismatch", "The specified resources are in different VPCs."};
}

Refusal dry_run() {
  return {400, "DryRunOperation", "Request validation has been passed with DryRun flag set."};
}

Refusal not_enough_addresses(const std::string& vswitch) {
  return {403, "InvalidVSwitchId.IpNotEnough",
          "The specified VSwitch " + quoted(vswitch) + " has not enough IpAddress."};
}

Refusal ipv4_count_exceeded() {
  return {403, "InvalidOperation.Ipv4CountExceeded",
          "The number of IPv4 addresses exceeds the limit of the ENI."};
}

Refusal ipv6_count_exceeded() {
  return {403, "InvalidOperation.Ipv6CountExceeded",
          "The number of IPv6 addresses exceeds the limit of the ENI."};
}

}  // namespace catena::sim
