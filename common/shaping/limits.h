// From a limit to the kernel's numbers. Pure.
#pragma once

#include <cstdint>

#include "common/netlink/qdisc.h"
#include "common/shaping/shaping.h"

namespace catena::shaping {

// `limit.rate_bits` is not 0; `mtu` in bytes.
netlink::Tbf numbers_of(const Limit& limit, std::uint32_t mtu);

}  // namespace catena::shaping
