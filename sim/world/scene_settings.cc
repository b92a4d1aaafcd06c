#include <limits>

#include <nlohmann/json.hpp>

#include "sim/world/scene_fields.h"

namespace catena::sim {
namespace {

using base::Fields;
using base::Status;

constexpr std::int64_t kLongestMs = 86'400'000;
constexpr std::int64_t kMostOfAnything = 1'000'000;

// Milliseconds: one number, or [least, most].
Status read_range(Fields& fields, std::string_view key, TimeRange& range) {
  const nlohmann::json* given = fields.raw(key);
  if (given == nullptr || given->is_null()) {
    return {};
  }
  if (!given->is_array()) {
    const auto fixed = TRY(fields.integer(key, 0, kLongestMs));
    range = TimeRange{Millis{*fixed}, Millis{*fixed}};
    return {};
  }
  const std::string expected = "milliseconds, or [least, most] of them";
  std::vector<std::int64_t> ends;
  for (const nlohmann::json& end : *given) {
    if (!end.is_number_integer() || end < 0 || end > kLongestMs) {
      return fields.bad_value(key, expected);
    }
    ends.push_back(end.get<std::int64_t>());
  }
  if (ends.size() != 2 || ends[0] > ends[1]) {
    return fields.bad_value(key, expected);
  }
  range = TimeRange{Millis{ends[0]}, Millis{ends[1]}};
  return {};
}

Status read_millis(Fields& fields, std::string_view key, Millis& value) {
  const auto given = TRY(fields.integer(key, 0, kLongestMs));
  value = Millis{given.value_or(value.count())};
  return {};
}

Status read_int(Fields& fields, std::string_view key, std::int64_t most, int& value) {
  value = static_cast<int>(TRY(fields.integer(key, 0, most)).value_or(value));
  return {};
}

Status read_delays(Fields fields, SceneDelays& delays) {
  TRY(read_range(fields, "attach", delays.attach));
  TRY(read_range(fields, "detach", delays.detach));
  TRY(read_range(fields, "deleteEni", delays.delete_eni));
  TRY(read_range(fields, "eniCall", delays.eni_call));
  TRY(read_range(fields, "routeCall", delays.route_call));
  TRY(read_range(fields, "routeCreate", delays.route_create));
  TRY(read_range(fields, "routeDelete", delays.route_delete));
  TRY(read_range(fields, "start", delays.start));
  TRY(read_range(fields, "stop", delays.stop));
  TRY(read_millis(fields, "addressCoolDown", delays.address_cool_down));
  TRY(read_millis(fields, "tokenLife", delays.token_life));
  return fields.no_unknown_keys();
}

Status read_lags(Fields fields, SceneLags& lags) {
  TRY(read_range(fields, "describe", lags.describe));
  TRY(read_range(fields, "availableCount", lags.available_count));
  TRY(read_range(fields, "metadata", lags.metadata));
  TRY(read_range(fields, "guestDevice", lags.guest_device));
  return fields.no_unknown_keys();
}

Status read_faults(Fields fields, SceneFaults& faults) {
  TRY(read_int(fields, "attachFailsPercent", 100, faults.attach_fails_percent));
  TRY(read_int(fields, "detachSticksPercent", 100, faults.detach_sticks_percent));
  TRY(read_int(fields, "deleteSticksPercent", 100, faults.delete_sticks_percent));
  return fields.no_unknown_keys();
}

Status read_limits(Fields fields, SceneLimits& limits) {
  const struct {
    std::string_view key;
    int* value;
  } rows[] = {{"enis", &limits.enis},
              {"groupsPerEni", &limits.groups_per_eni},
              {"ipsPerBasicGroup", &limits.ips_per_basic_group},
              {"ipsPerEnterpriseGroup", &limits.ips_per_enterprise_group},
              {"tags", &limits.tags},
              {"assignAvailable", &limits.assign_available},
              {"assignAvailableExplicit", &limits.assign_available_explicit},
              {"createExplicit", &limits.create_explicit},
              {"prefixesPerCall", &limits.prefixes_per_call},
              {"ipv6PerCall", &limits.ipv6_per_call},
              {"routesPerTable", &limits.routes_per_table}};
  for (const auto& row : rows) {
    TRY(read_int(fields, row.key, kMostOfAnything, *row.value));
  }
  return fields.no_unknown_keys();
}

}  // namespace

Status read_settings(Fields& fields, Scene& scene) {
  if (auto delays = TRY(fields.object("delays"))) {
    TRY(read_delays(*delays, scene.delays));
  }
  if (auto lags = TRY(fields.object("lags"))) {
    TRY(read_lags(*lags, scene.lags));
  }
  if (auto faults = TRY(fields.object("faults"))) {
    TRY(read_faults(*faults, scene.faults));
  }
  if (auto limits = TRY(fields.object("limits"))) {
    TRY(read_limits(*limits, scene.limits));
  }
  return {};
}

}  // namespace catena::sim
