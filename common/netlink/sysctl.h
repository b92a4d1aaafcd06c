// Kernel parameters below /proc/sys/net of the calling thread's namespace.
#pragma once

#include <string>

#include "common/base/result.h"

namespace catena::netlink {

// `name` is a path below /proc/sys/net: "ipv4/ip_forward", "ipv6/conf/eth0/accept_ra". The value
// comes without its line end. kNotFound where the kernel has no such parameter.
base::Result<std::string> read_sysctl(const std::string& name);
base::Status write_sysctl(const std::string& name, const std::string& value);
// Writes only what differs; true when it wrote.
base::Result<bool> ensure_sysctl(const std::string& name, const std::string& value);

}  // namespace catena::netlink
