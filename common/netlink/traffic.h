// What messages about qdiscs, classes and filters begin with. Internal to this folder.
#pragma once

#include <cstdint>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "common/netlink/qdisc.h"

namespace catena::netlink {

// Of clsact, and of the ingress qdisc, which takes any minor number.
inline constexpr std::uint32_t kIngressFilters = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);

inline std::uint32_t number_of(Handle handle) {
  return TC_H_MAKE(static_cast<std::uint32_t>(handle.major) << 16U, handle.minor);
}

inline Handle handle_of(std::uint32_t number) {
  return {static_cast<std::uint16_t>(number >> 16U), static_cast<std::uint16_t>(number & 0xffffU)};
}

struct Position {
  std::uint32_t handle = 0;
  std::uint32_t parent = 0;
};

inline tcmsg traffic_header(const Link& link, const Position& position) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = link.index;
  header.tcm_handle = position.handle;
  header.tcm_parent = position.parent;
  return header;
}

}  // namespace catena::netlink
