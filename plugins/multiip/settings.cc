#include "plugins/multiip/settings.h"

#include "common/base/fields.h"

namespace catena::multiip {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using enilink::WantedShape;

Status read_routing(Fields& fields, Settings& settings) {
  const auto routing = TRY(fields.one_of("routing", {"auto", "marks", "rules"}));
  if (routing == "marks") {
    settings.routing = WantedShape::kMarks;
  } else if (routing == "rules") {
    settings.routing = WantedShape::kRules;
  }
  return attachment::read_marks(fields, settings.marks);
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
  TRY(attachment::read_growth(fields, settings));
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
