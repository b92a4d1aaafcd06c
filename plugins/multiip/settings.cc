#include "plugins/multiip/settings.h"

#include <algorithm>
#include <charconv>

#include "common/base/fields.h"

namespace catena::multiip {
namespace {

using base::Family;
using base::Fields;
using base::Prefix;
using base::Result;
using base::Status;
using enilink::WantedShape;

constexpr std::int64_t kSmallestMtu = 68;        // RFC 791
constexpr std::int64_t kSmallestIpv6Mtu = 1280;  // RFC 8200, section 5
constexpr std::int64_t kLargestMtu = 65535;
constexpr std::int64_t kLongestCooling = 86'400;  // a day
// kubelet gives a pod's network 4 min (twice its runtimeRequestTimeout of 2 min), of which the
// other plugins of the chain and the tries of an ENI need something.
constexpr std::int64_t kLongestGrow = 210;

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

bool has(const std::vector<Family>& families, Family family) {
  return std::ranges::find(families, family) != families.end();
}

Status read_families(Fields& fields, Settings& settings) {
  const auto names = TRY(fields.strings("ipFamilies"));
  if (!names.has_value()) {
    return {};
  }
  settings.families.clear();
  for (const auto& [name, family] : {std::pair("ipv4", Family::kIpv4), {"ipv6", Family::kIpv6}}) {
    if (std::ranges::count(*names, name) == 1) {
      settings.families.push_back(family);
    }
  }
  if (settings.families.empty() || settings.families.size() != names->size()) {
    return fields.bad_value("ipFamilies", R"("ipv4", "ipv6" or both)");
  }
  return {};
}

Status read_store(Fields& fields, Settings& settings) {
  settings.state_dir = TRY(fields.absolute_path("stateDir")).value_or(settings.state_dir);
  const auto cooling = TRY(fields.integer("coolSeconds", 0, kLongestCooling));
  settings.cooling = cooling ? std::chrono::seconds(*cooling) : settings.cooling;
  return {};
}

Status read_pool(Fields& fields, Settings& settings) {
  settings.eni_conf = TRY(fields.absolute_path("eniConf")).value_or("");
  const auto timeout = TRY(fields.integer("growTimeout", 1, kLongestGrow));
  settings.grow_timeout = timeout ? std::chrono::seconds(*timeout) : settings.grow_timeout;
  return {};
}

Status read_mtu(Fields& fields, Settings& settings) {
  const bool has_ipv6 = has(settings.families, Family::kIpv6);
  const auto mtu =
      TRY(fields.integer("mtu", has_ipv6 ? kSmallestIpv6Mtu : kSmallestMtu, kLargestMtu));
  if (mtu) {
    settings.mtu = static_cast<std::uint32_t>(*mtu);
  }
  return {};
}

// Destinations of the pods' families, the default route not among them.
Result<std::vector<Prefix>> read_destinations(Fields& fields, const Settings& settings,
                                              const char* key) {
  std::vector<Prefix> networks = TRY(fields.networks(key)).value_or(std::vector<Prefix>());
  const bool all_fit = std::ranges::all_of(networks, [&settings](const Prefix& network) {
    return has(settings.families, network.family()) && network.length() != 0;
  });
  if (!all_fit) {
    return fields.bad_value(
        key, "destinations of the families in ipFamilies, the default route not among them");
  }
  return networks;
}

Status read_node(Fields& fields, Settings& settings) {
  settings.node_interface = TRY(fields.string("nodeInterface")).value_or("");
  settings.routes = TRY(read_destinations(fields, settings, "routes"));
  settings.host_stack = TRY(read_destinations(fields, settings, "hostStackCIDRs"));
  const auto forwarding = TRY(fields.one_of("forwarding", {"ensure", "check"}));
  if (forwarding == "check") {
    settings.forwarding = podlink::Forwarding::kCheck;
  }
  return {};
}

// "0x0ff00000": JSON has no numbers to the base of 16.
Result<firewall::MarkSettings> mask_in(const Fields& fields, const std::string& text) {
  std::uint32_t mask = 0;
  const bool has_prefix = text.starts_with("0x") || text.starts_with("0X");
  const char* const end = text.data() + text.size();
  const char* const begin = text.data() + (has_prefix ? 2 : 0);
  const auto [stopped, error] = std::from_chars(begin, end, mask, 16);
  if (!has_prefix || error != std::errc() || stopped != end) {
    return fields.bad_value("markMask", R"(a number of 32 bits like "0x0ff00000")");
  }
  return firewall::MarkSettings::from_mask(mask).context(fields.path_of("markMask"));
}

Status read_routing(Fields& fields, Settings& settings) {
  const auto routing = TRY(fields.one_of("routing", {"auto", "marks", "rules"}));
  if (routing == "marks") {
    settings.routing = WantedShape::kMarks;
  } else if (routing == "rules") {
    settings.routing = WantedShape::kRules;
  }
  const auto mask = TRY(fields.string("markMask"));
  if (mask) {
    settings.marks = TRY(mask_in(fields, *mask));
  }
  return {};
}

Status read_firewall(Fields& fields, Settings& settings) {
  settings.closed_until_policy = TRY(fields.boolean("closedUntilPolicy")).value_or(false);
  settings.masquerade = TRY(fields.boolean("masquerade")).value_or(false);
  settings.non_masquerade = TRY(fields.networks("nonMasqueradeCIDRs")).value_or(private_networks());
  if (settings.masquerade && settings.routing == WantedShape::kRules) {
    return fields.bad_value(
        "masquerade",
        R"(false where routing is "rules": only marks can tell what must not leave by an ENI)");
  }
  return {};
}

}  // namespace

Result<Settings> Settings::from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  TRY(read_families(fields, settings));
  TRY(read_store(fields, settings));
  TRY(read_pool(fields, settings));
  TRY(read_mtu(fields, settings));
  TRY(read_node(fields, settings));
  TRY(read_routing(fields, settings));
  TRY(read_firewall(fields, settings));
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  // Each keeps its defaults where the value can't be read.
  (void)read_store(fields, settings).ok();
  (void)read_firewall(fields, settings).ok();
  return settings;
}

ipam::Store Settings::open_store() const { return {state_dir, {.cooling = cooling}}; }

attachment::FirewallKeys Settings::firewall(enilink::Shape shape) const {
  attachment::FirewallKeys keys{
      .closed_until_policy = closed_until_policy, .masquerade = masquerade, .kept = non_masquerade};
  if (shape == enilink::Shape::kMarks) {
    keys.marks = marks;
  }
  return keys;
}

enilink::Routing Settings::routing_of(enilink::Shape shape) const {
  return {.shape = shape, .marks = marks, .host_stack = host_stack, .families = families};
}

}  // namespace catena::multiip
