// From a limit to the kernel's numbers. Pure.
#pragma once

#include <cstdint>

#include "common/netlink/qdisc.h"
#include "common/shaping/shaping.h"

namespace catena::shaping {

// `limit.rate_bits` is not 0; `mtu` in bytes.
netlink::Tbf numbers_of(const Limit& limit, std::uint32_t mtu);
// What may wait in a class of htb, in bytes: unlike tbf it cuts no packet into frames, so one that
// finds no room in an empty queue would never pass.
std::uint32_t class_queue_of(const netlink::Tbf& numbers);

}  // namespace catena::shaping
