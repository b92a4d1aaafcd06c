// The addresses that a pod was promised, whoever asked for them. CNI convention: runtimeConfig goes
// before args.cni, which goes before CNI_ARGS.
#pragma once

#include <optional>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/cni/plugin.h"

namespace catena::cni {

// Host bits are kept; a bare address is /32 or /128. Empty: any address will do.
std::vector<base::Prefix> wanted_ips(const Request& request);

// A unicast address; nothing: any will do.
std::optional<base::Mac> wanted_mac(const Request& request);

}  // namespace catena::cni
