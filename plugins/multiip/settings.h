// The configuration keys of catena-multiip (README.md has the table).
#pragma once

#include <vector>

#include "common/attachment/settings.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/enilink/routing.h"
#include "common/firewall/marks.h"

namespace catena::multiip {

struct Settings : attachment::LinkSettings, attachment::GrowthSettings {
  std::vector<base::Prefix> host_stack;
  enilink::WantedShape routing = enilink::WantedShape::kAuto;
  firewall::MarkSettings marks;

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable; a configuration made worse after ADD must not keep a pod from
  // being torn down.
  static Settings lenient_from(const cni::NetworkConfig& config);

  // With the marks of `shape`.
  attachment::FirewallKeys firewall(enilink::Shape shape) const;
  enilink::Routing routing_of(enilink::Shape shape) const;
};

}  // namespace catena::multiip
