#include "plugins/eni/settings.h"

#include <algorithm>
#include <iterator>

#include "common/base/fields.h"

namespace catena::eni {
namespace {

using base::Fields;
using base::Result;
using base::Status;

Status read_wish(Fields& fields, Settings& settings) {
  if (TRY(fields.one_of("when", {"requested", "always"})) == "always") {
    settings.when = When::kAlways;
  }
  if (TRY(fields.one_of("fallback", {"pass", "fail"})) == "pass") {
    settings.fallback = Fallback::kPass;
  }
  settings.kubelet_dir = TRY(fields.absolute_path("kubeletDir")).value_or(settings.kubelet_dir);
  return {};
}

Status read_host_peer(Fields& fields, Settings& settings) {
  settings.host_peer = !TRY(fields.boolean("disableHostPeer")).value_or(false);
  settings.services = TRY(attachment::read_destinations(fields, settings, "serviceCIDRs"));
  settings.host_stack = TRY(attachment::read_destinations(fields, settings, "hostStackCIDRs"));
  if (settings.host_peer && settings.services.empty()) {
    return fields.bad_value(
        "serviceCIDRs",
        R"(the cluster's service networks, as ["10.96.0.0/12"] (or "disableHostPeer": true))");
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
  TRY(attachment::read_forwarding(fields, settings));
  TRY(attachment::read_marks(fields, settings.marks));
  TRY(read_wish(fields, settings));
  TRY(read_host_peer(fields, settings));
  settings.closed_until_policy = TRY(fields.boolean("closedUntilPolicy")).value_or(false);
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  // It keeps its defaults where a value can't be read.
  (void)attachment::read_store(fields, settings).ok();
  return settings;
}

attachment::FirewallKeys Settings::firewall() const {
  // By another NIC of the node the VPC takes nothing that has the pod's address.
  return {.closed_until_policy = closed_until_policy, .masquerade = true, .kept = {}};
}

std::vector<base::Prefix> Settings::by_node() const {
  std::vector<base::Prefix> all = services;
  std::ranges::copy(host_stack, std::back_inserter(all));
  return all;
}

}  // namespace catena::eni
