// What a duty must know before it changes anything: the machine, the vSwitch, the ENI.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/duty.h"
#include "common/cloud/vpc.h"

namespace catena::agent {

// Asked once a duty.
base::Result<Machine> find_machine(Duty& duty);

// How many of the ENIs that the instance type allows `attached` take: all but members of a trunk.
int adapters_of(const std::vector<cloud::NetworkInterface>& attached);

// The configured ones that exist; never empty.
base::Result<std::vector<cloud::VSwitch>> find_vswitches(Duty& duty);
// Of `found` those that have `addresses` left, in the order in which they should be tried; never
// empty. kTryAgain when all are full.
base::Result<std::vector<cloud::VSwitch>> choose_vswitches(Duty& duty,
                                                           std::vector<cloud::VSwitch> found,
                                                           int addresses, bool ipv6);

// The gateway is the third address from the end of a vSwitch's IPv4 block and the ninth of its IPv6
// block.
struct Gateways {
  base::IpAddress ipv4;
  int prefix_length = 0;
  std::optional<base::IpAddress> ipv6;
};
Gateways gateways_of(const cloud::VSwitch& vswitch);

// kNotFound when the store does not know it, kTryAgain when it is on its way in or out.
base::Result<ipam::Eni> usable_eni(Duty& duty, const std::string& id);

// Whether there is no such instance: said so twice by name, never by its absence from a list.
base::Result<bool> instance_is_gone(Duty& duty, const std::string& instance);

// Carries what earlier calls left unfinished on `eni` to an end, before a new change of it.
base::Status settle(Duty& duty, const std::string& eni);

}  // namespace catena::agent
