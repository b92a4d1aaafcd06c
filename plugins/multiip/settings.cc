#include "plugins/multiip/settings.h"

#include <charconv>

#include "common/base/fields.h"

namespace catena::multiip {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using enilink::WantedShape;

// kubelet gives a pod's network 4 min (twice its runtimeRequestTimeout of 2 min), of which the
// other plugins of the chain and the tries of an ENI need something.
constexpr std::int64_t kLongestGrow = 210;

Status read_pool(Fields& fields, Settings& settings) {
  settings.eni_conf = TRY(fields.absolute_path("eniConf")).value_or("");
  const auto timeout = TRY(fields.integer("growTimeout", 1, kLongestGrow));
  settings.grow_timeout = timeout ? std::chrono::seconds(*timeout) : settings.grow_timeout;
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

Status masquerade_is_possible(const Fields& fields, const Settings& settings) {
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
  TRY(attachment::read_families(fields, settings));
  TRY(attachment::read_store(fields, settings));
  TRY(read_pool(fields, settings));
  TRY(attachment::read_mtu(fields, settings));
  TRY(attachment::read_node(fields, settings));
  TRY(attachment::read_routes(fields, settings));
  settings.host_stack = TRY(attachment::read_destinations(fields, settings, "hostStackCIDRs"));
  TRY(read_routing(fields, settings));
  TRY(attachment::read_firewall(fields, settings));
  TRY(masquerade_is_possible(fields, settings));
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  // Each keeps its defaults where the value can't be read.
  (void)attachment::read_store(fields, settings).ok();
  (void)attachment::read_firewall(fields, settings).ok();
  return settings;
}

attachment::FirewallKeys Settings::firewall(enilink::Shape shape) const {
  attachment::FirewallKeys keys = firewall_keys();
  if (shape == enilink::Shape::kMarks) {
    keys.marks = marks;
  }
  return keys;
}

enilink::Routing Settings::routing_of(enilink::Shape shape) const {
  return {.shape = shape, .marks = marks, .host_stack = host_stack, .families = families};
}

}  // namespace catena::multiip
