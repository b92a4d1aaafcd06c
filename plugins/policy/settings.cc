#include "plugins/policy/settings.h"

#include "common/base/fields.h"

namespace catena::policy {
namespace {

using base::Fields;
using base::Result;
using base::Status;

// The agent is given a second less than the plugin waits (common/ask).
constexpr std::int64_t kShortestWait = 2;
// kubelet gives a pod's network 4 min, of which the rest of the chain needs most.
constexpr std::int64_t kLongestWait = 60;

Status read_state_dir(Fields& fields, Settings& settings) {
  settings.state_dir = TRY(fields.absolute_path("stateDir")).value_or(settings.state_dir);
  return {};
}

Status read_agent(Fields& fields, Settings& settings) {
  const auto wait = TRY(fields.integer("waitSeconds", kShortestWait, kLongestWait));
  settings.wait = wait ? std::chrono::seconds(*wait) : settings.wait;
  if (TRY(fields.one_of("onUnknown", {"deny", "allow"})) == "allow") {
    settings.on_unknown = OnUnknown::kAllow;
  }
  return {};
}

Status read_backend(Fields& fields, Settings& settings) {
  const auto name = TRY(fields.one_of("backend", {"auto", "nftables", "iptables"}));
  settings.backend = firewall::backend_of(name.value_or("")).value_or(settings.backend);
  return {};
}

}  // namespace

Result<Settings> Settings::from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  TRY(read_state_dir(fields, settings));
  TRY(read_agent(fields, settings));
  TRY(read_backend(fields, settings));
  TRY(fields.no_unknown_keys());
  return settings;
}

Settings Settings::lenient_from(const cni::NetworkConfig& config) {
  Settings settings;
  Fields fields = config.own_fields();
  // Each keeps its default where the value can't be read.
  (void)read_state_dir(fields, settings).ok();
  (void)read_backend(fields, settings).ok();
  return settings;
}

}  // namespace catena::policy
