#include "common/attachment/settings.h"

#include <algorithm>
#include <charconv>

namespace catena::attachment {
namespace {

using base::Family;
using base::Fields;
using base::Prefix;
using base::Result;
using base::Status;

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

}  // namespace

bool LinkSettings::has(Family family) const {
  return std::ranges::find(families, family) != families.end();
}

ipam::Store LinkSettings::open_store() const { return {state_dir, {.cooling = cooling}}; }

FirewallKeys LinkSettings::firewall_keys() const {
  return {
      .closed_until_policy = closed_until_policy, .masquerade = masquerade, .kept = non_masquerade};
}

Status read_store(Fields& fields, LinkSettings& settings) {
  settings.state_dir = TRY(fields.absolute_path("stateDir")).value_or(settings.state_dir);
  const auto cooling = TRY(fields.integer("coolSeconds", 0, kLongestCooling));
  settings.cooling = cooling ? std::chrono::seconds(*cooling) : settings.cooling;
  return {};
}

Status read_mtu(Fields& fields, LinkSettings& settings) {
  const std::int64_t smallest = settings.has(Family::kIpv6) ? kSmallestIpv6Mtu : kSmallestMtu;
  const auto mtu = TRY(fields.integer("mtu", smallest, kLargestMtu));
  if (mtu) {
    settings.mtu = static_cast<std::uint32_t>(*mtu);
  }
  return {};
}

Status read_node(Fields& fields, LinkSettings& settings) {
  settings.node_interface = TRY(fields.string("nodeInterface")).value_or("");
  return read_forwarding(fields, settings);
}

Status read_forwarding(Fields& fields, LinkSettings& settings) {
  const auto forwarding = TRY(fields.one_of("forwarding", {"ensure", "check"}));
  if (forwarding == "check") {
    settings.forwarding = podlink::Forwarding::kCheck;
  }
  return {};
}

Status read_routes(Fields& fields, LinkSettings& settings) {
  settings.routes = TRY(read_destinations(fields, settings, "routes"));
  return {};
}

Status read_firewall(Fields& fields, LinkSettings& settings) {
  settings.closed_until_policy = TRY(fields.boolean("closedUntilPolicy")).value_or(false);
  settings.masquerade = TRY(fields.boolean("masquerade")).value_or(false);
  settings.non_masquerade = TRY(fields.networks("nonMasqueradeCIDRs")).value_or(private_networks());
  return {};
}

Status read_families(Fields& fields, LinkSettings& settings) {
  const auto names = TRY(fields.strings("ipFamilies"));
  if (!names.has_value()) {
    return {};
  }
  std::vector<Family> families;
  for (const auto& [name, family] : {std::pair("ipv4", Family::kIpv4), {"ipv6", Family::kIpv6}}) {
    if (std::ranges::count(*names, name) == 1) {
      families.push_back(family);
    }
  }
  if (families.empty() || families.size() != names->size()) {
    return fields.bad_value("ipFamilies", R"("ipv4", "ipv6" or both)");
  }
  settings.families = std::move(families);
  return {};
}

Result<std::vector<Prefix>> read_destinations(Fields& fields, const LinkSettings& settings,
                                              const char* key) {
  std::vector<Prefix> networks = TRY(fields.networks(key)).value_or(std::vector<Prefix>());
  const bool all_fit = std::ranges::all_of(networks, [&settings](const Prefix& network) {
    return settings.has(network.family()) && network.length() != 0;
  });
  if (!all_fit) {
    return fields.bad_value(
        key, "destinations of the pod's address families, the default route not among them");
  }
  return networks;
}

Status read_growth(Fields& fields, GrowthSettings& settings) {
  settings.eni_conf = TRY(fields.absolute_path("eniConf")).value_or("");
  const auto timeout = TRY(fields.integer("growTimeout", 1, kLongestGrow));
  settings.grow_timeout = timeout ? std::chrono::seconds(*timeout) : settings.grow_timeout;
  return {};
}

Status read_marks(Fields& fields, firewall::MarkSettings& marks) {
  const auto mask = TRY(fields.string("markMask"));
  if (mask) {
    marks = TRY(mask_in(fields, *mask));
  }
  return {};
}

Status forwarding_is_as_wanted(const LinkSettings& settings) {
  if (settings.forwarding != podlink::Forwarding::kCheck) {
    return {};
  }
  auto node = TRY(netlink::Socket::open());
  return podlink::ensure_forwarding(node, settings.forwarding, settings.families);
}

}  // namespace catena::attachment
