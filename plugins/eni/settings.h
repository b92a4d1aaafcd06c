// The configuration keys of catena-eni (README.md has the table).
#pragma once

#include <string>
#include <vector>

#include "common/attachment/settings.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/firewall/marks.h"

namespace catena::eni {

enum class When { kRequested, kAlways };
// What becomes of a pod whose wish can't be told.
enum class Fallback { kPass, kFail };

struct Settings : attachment::LinkSettings, attachment::GrowthSettings {
  When when = When::kRequested;
  Fallback fallback = Fallback::kFail;
  std::string kubelet_dir = "/var/lib/kubelet";
  bool host_peer = true;
  std::vector<base::Prefix> services;
  std::vector<base::Prefix> host_stack;
  firewall::MarkSettings marks;

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable; a configuration made worse after ADD must not keep a pod from
  // being torn down.
  static Settings lenient_from(const cni::NetworkConfig& config);

  // Of the link to the node.
  attachment::FirewallKeys firewall() const;
  // What a pod reaches by the node beside its addresses.
  std::vector<base::Prefix> by_node() const;
};

}  // namespace catena::eni
