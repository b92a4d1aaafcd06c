// Blocks of addresses that the cloud gives an ENI as one (IPv4 /28, IPv6 /80), and what of them
// pods get. The store knows addresses alone; which of them came as a block, the ENI tells.
#pragma once

#include <vector>

#include "common/cloud/ecs.h"

namespace catena::agent {

inline constexpr int kIpv4PerPrefix = 16;
// Of the 2^48 addresses of a /80: more than an ENI has pods.
inline constexpr int kIpv6PerPrefix = 256;

// What pods get of `prefix`, in order: all of an IPv4 block, the first ones of an IPv6 block but
// for its all-zero one, which is the routers' anycast address where the block is a subnet.
std::vector<base::IpAddress> addresses_in(const base::Prefix& prefix);

// All addresses of `eni` that pods may have, those of its blocks included; in order, each once.
std::vector<base::IpAddress> addresses_of(const cloud::NetworkInterface& eni);

}  // namespace catena::agent
