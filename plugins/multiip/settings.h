// The configuration keys of catena-multiip (README.md has the table).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/firewall.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/enilink/routing.h"
#include "common/firewall/marks.h"
#include "common/ipam/store.h"
#include "common/podlink/node.h"

namespace catena::multiip {

struct Settings {
  std::string state_dir = "/var/lib/catena";
  std::chrono::seconds cooling{30};
  std::vector<base::Family> families{base::Family::kIpv4};  // IPv4 first
  std::optional<std::uint32_t> mtu;                         // bytes; absent: the ENI's
  std::string node_interface;                               // empty: the one of the default route
  std::vector<base::Prefix> routes;
  std::vector<base::Prefix> host_stack;
  podlink::Forwarding forwarding = podlink::Forwarding::kEnsure;
  enilink::WantedShape routing = enilink::WantedShape::kAuto;
  firewall::MarkSettings marks;
  bool closed_until_policy = false;
  bool masquerade = false;
  std::vector<base::Prefix> non_masquerade;
  std::string eni_conf;  // empty: where the agent looks by itself
  std::chrono::seconds grow_timeout{90};

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable; a configuration made worse after ADD must not keep a pod from
  // being torn down.
  static Settings lenient_from(const cni::NetworkConfig& config);

  ipam::Store open_store() const;
  // With the marks of `shape`.
  attachment::FirewallKeys firewall(enilink::Shape shape) const;
  enilink::Routing routing_of(enilink::Shape shape) const;
};

}  // namespace catena::multiip
