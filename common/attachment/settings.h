// The configuration keys of every plugin that makes a pod's link, read alike. Each plugin's
// README.md has its table.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/firewall.h"
#include "common/base/fields.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"
#include "common/podlink/node.h"

namespace catena::attachment {

struct LinkSettings {
  std::string state_dir = "/var/lib/catena";
  std::chrono::seconds cooling{30};
  std::vector<base::Family> families{base::Family::kIpv4};  // of a pod's addresses, in their order
  std::optional<std::uint32_t> mtu;                         // bytes; absent: the NIC's
  std::string node_interface;                               // empty: the one of the default route
  std::vector<base::Prefix> routes;
  podlink::Forwarding forwarding = podlink::Forwarding::kEnsure;
  bool closed_until_policy = false;
  bool masquerade = false;
  std::vector<base::Prefix> non_masquerade;

  bool has(base::Family family) const;
  ipam::Store open_store() const;
  // Without marks; kept are `non_masquerade`.
  FirewallKeys firewall_keys() const;
};

// Each reads the keys that it names; kBadConfig for what is not as the plugin's README.md says, and
// the settings keep what they had. Those of `families` come first.
base::Status read_store(base::Fields& fields, LinkSettings& settings);  // stateDir, coolSeconds
base::Status read_mtu(base::Fields& fields, LinkSettings& settings);    // mtu
base::Status read_node(base::Fields& fields, LinkSettings& settings);   // nodeInterface, forwarding
base::Status read_forwarding(base::Fields& fields, LinkSettings& settings);  // forwarding
base::Status read_routes(base::Fields& fields, LinkSettings& settings);      // routes
// closedUntilPolicy, masquerade, nonMasqueradeCIDRs
base::Status read_firewall(base::Fields& fields, LinkSettings& settings);

// ipFamilies: "ipv4", "ipv6" or both; for plugins whose addresses are not named by ranges.
base::Status read_families(base::Fields& fields, LinkSettings& settings);
// A list of destinations of the pods' families, the default route not among them; empty where the
// key is absent.
base::Result<std::vector<base::Prefix>> read_destinations(base::Fields& fields,
                                                          const LinkSettings& settings,
                                                          const char* key);

// How a plugin waits for what the agent makes.
struct GrowthSettings {
  std::string eni_conf;  // empty: where the agent looks by itself
  std::chrono::seconds grow_timeout{90};
};
base::Status read_growth(base::Fields& fields, GrowthSettings& settings);  // eniConf, growTimeout

// markMask.
base::Status read_marks(base::Fields& fields, firewall::MarkSettings& marks);

// For STATUS: kNotAvailable where `forwarding` is "check" and the node does not forward. Of the
// calling thread's namespace.
base::Status forwarding_is_as_wanted(const LinkSettings& settings);

}  // namespace catena::attachment
