// The configuration keys of catena-bandwidth (README.md has the table).
#pragma once

#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/shaping/shaping.h"

namespace catena::bandwidth {

struct Settings {
  // Of the configuration itself: these count alone then, as in upstream's plugin.
  std::optional<shaping::Rates> rates;
  shaping::EgressFrom egress_from = shaping::EgressFrom::kPod;
  shaping::Subnets subnets;
  std::string state_dir = "/var/lib/catena";

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable.
  static Settings lenient_from(const cni::NetworkConfig& config);
};

// kBadConfig for a value that can't be a limit; `path` names the object that the keys
// "ingressRate", "ingressBurst", "egressRate", "egressBurst" are in.
base::Status check_rates(const shaping::Rates& rates, const std::string& path);

}  // namespace catena::bandwidth
