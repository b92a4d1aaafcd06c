// STATUS: whether an ADD now could succeed, by the kernel alone.
#include "common/netlink/socket.h"
#include "plugins/bandwidth/bandwidth_plugin.h"
#include "plugins/bandwidth/settings.h"

namespace catena::bandwidth {

base::Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  auto node = TRY(netlink::Socket::open());
  base::Status limits = node.has_tbf();
  if (limits.ok() && !settings.subnets.empty()) {
    limits = node.has_htb();
  }
  return limits.ok() ? limits : std::move(limits).error().as(base::ErrorKind::kNotAvailable);
}

}  // namespace catena::bandwidth
