#include "plugins/vpc-route/settings.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::vpc_route {
namespace {

using base::Fields;
using base::Prefix;
using base::Result;
using base::Status;

constexpr std::int64_t kSmallestMtu = 68;        // RFC 791
constexpr std::int64_t kSmallestIpv6Mtu = 1280;  // RFC 8200, section 5
constexpr std::int64_t kLargestMtu = 65535;
constexpr std::int64_t kLongestCooling = 86'400;  // a day

// Private and shared address space (RFC 1918, RFC 6598, RFC 4193): where a VPC, its peers and the
// cloud's own services live.
std::vector<Prefix> private_networks() {
  std::vector<Prefix> networks;
  for (const char* text :
       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"}) {
    networks.push_back(Prefix::parse(text).value());
  }
  return networks;
}

Status read_mtu(Fields& fields, Settings& settings) {
  const auto families = settings.families();
  const bool has_ipv6 = std::ranges::find(families, base::Family::kIpv6) != families.end();
  const auto mtu =
      TRY(fields.integer("mtu", has_ipv6 ? kSmallestIpv6Mtu : kSmallestMtu, kLargestMtu));
  if (mtu) {
    settings.mtu = static_cast<std::uint32_t>(*mtu);
  }
  return {};
}

Status read_store(Fields& fields, Settings& settings) {
  settings.state_dir = TRY(fields.absolute_path("stateDir")).value_or(settings.state_dir);
  const auto cooling = TRY(fields.integer("coolSeconds", 0, kLongestCooling));
  if (cooling) {
    settings.cooling = std::chrono::seconds(*cooling);
  }
  return {};
}

Status read_routes(Fields& fields, Settings& settings) {
  settings.routes = TRY(fields.networks("routes")).value_or(std::vector<Prefix>());
  const auto families = settings.families();
  for (const Prefix& route : settings.routes) {
    if (std::ranges::find(families, route.family()) == families.end() || route.length() == 0) {
      return fields.bad_value(
          "routes", "destinations of the pod's address families, the default route not among them");
    }
  }
  return {};
}

Status read_firewall(Fields& fields, Settings& settings) {
  settings.closed_until_policy = TRY(fields.boolean("closedUntilPolicy")).value_or(false);
  settings.masquerade = TRY(fields.boolean("masquerade")).value_or(false);
  settings.non_masquerade = TRY(fields.networks("nonMasqueradeCIDRs")).value_or(private_networks());
  return {};
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

Status read_node(Fields& fields, Settings& settings) {
  settings.node_interface = TRY(fields.string("nodeInterface")).value_or("");
  const auto forwarding = TRY(fields.one_of("forwarding", {"ensure", "check"}));
  if (forwarding == "check") {
    settings.forwarding = podlink::Forwarding::kCheck;
  }
  return {};
}

}  // namespace

Result<Settings> Settings::from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  settings.sets = TRY(ipam::ranges_from(fields));
  TRY(read_store(fields, settings));
  TRY(read_mtu(fields, settings));
  TRY(read_node(fields, settings));
  TRY(read_routes(fields, settings));
  TRY(read_firewall(fields, settings));
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
  (void)read_store(fields, settings).ok();
  (void)read_firewall(fields, settings).ok();
  return settings;
}

std::vector<base::Family> Settings::families() const {
  std::vector<base::Family> families;
  for (const ipam::RangeSet& set : sets) {
    const base::Family family = set.front().subnet.family();
    if (std::ranges::find(families, family) == families.end()) {
      families.push_back(family);
    }
  }
  return families;
}

ipam::Store Settings::open_store() const { return {state_dir, {.cooling = cooling}}; }

attachment::FirewallKeys Settings::firewall() const {
  attachment::FirewallKeys keys{
      .closed_until_policy = closed_until_policy, .masquerade = masquerade, .kept = non_masquerade};
  for (const ipam::RangeSet& set : sets) {
    for (const ipam::Range& range : set) {
      keys.kept.emplace_back(range.subnet.network(), range.subnet.length());
    }
  }
  return keys;
}

}  // namespace catena::vpc_route
