#include "plugins/vpc-route/settings.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::vpc_route {
namespace {

using base::Fields;
using base::Result;
using base::Status;

// In the order of the ranges, which is that of a pod's addresses.
std::vector<base::Family> families_of(const std::vector<ipam::RangeSet>& sets) {
  std::vector<base::Family> families;
  for (const ipam::RangeSet& set : sets) {
    const base::Family family = set.front().subnet.family();
    if (std::ranges::find(families, family) == families.end()) {
      families.push_back(family);
    }
  }
  return families;
}

// true, false, or an object of what differs from the agent's own ideas.
Status read_manage_route(Fields& fields, Settings& settings) {
  const nlohmann::json* value = fields.raw("manageRoute");
  if (value == nullptr || !value->is_object()) {
    settings.manage_route = TRY(fields.boolean("manageRoute")).value_or(false);
    return {};
  }
  Fields inner = *TRY(fields.object("manageRoute"));
  settings.manage_route = true;
  settings.eni_conf = TRY(inner.absolute_path("eniConf")).value_or("");
  settings.route_table = TRY(inner.string("routeTableId")).value_or("");
  return inner.no_unknown_keys();
}

}  // namespace

Result<Settings> Settings::from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  settings.sets = TRY(ipam::ranges_from(fields));
  settings.families = families_of(settings.sets);
  TRY(attachment::read_store(fields, settings));
  TRY(attachment::read_mtu(fields, settings));
  TRY(attachment::read_node(fields, settings));
  TRY(attachment::read_routes(fields, settings));
  TRY(attachment::read_firewall(fields, settings));
  TRY(read_manage_route(fields, settings));
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  if (auto sets = ipam::ranges_from(fields); sets.ok()) {
    settings.sets = std::move(sets).value();
  }
  // Each keeps its defaults where the value can't be read.
  (void)attachment::read_store(fields, settings).ok();
  (void)attachment::read_firewall(fields, settings).ok();
  return settings;
}

attachment::FirewallKeys Settings::firewall() const {
  attachment::FirewallKeys keys = firewall_keys();
  for (const ipam::RangeSet& set : sets) {
    for (const ipam::Range& range : set) {
      keys.kept.emplace_back(range.subnet.network(), range.subnet.length());
    }
  }
  return keys;
}

}  // namespace catena::vpc_route
