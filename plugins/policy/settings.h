// The configuration keys of catena-policy (README.md has the table).
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/firewall/backend.h"

namespace catena::policy {

// What becomes of a pod whose policies nobody can tell.
enum class OnUnknown { kDeny, kAllow };

struct Settings {
  std::string state_dir = "/var/lib/catena";
  std::chrono::seconds wait{5};
  OnUnknown on_unknown = OnUnknown::kDeny;
  firewall::Backend backend = firewall::Backend::kAuto;

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable.
  static Settings lenient_from(const cni::NetworkConfig& config);
};

}  // namespace catena::policy
