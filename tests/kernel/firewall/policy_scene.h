// Rules by hand for the pods of the scene.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/firewall/policies.h"
#include "common/netpol/rules.h"
#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {

// Names as the compiler gives them.
inline constexpr const char* kIngressChain = "p-in-0000000000000001";
inline constexpr const char* kEgressChain = "p-eg-0000000000000001";
inline constexpr const char* kPeers4 = "s4-0000000000000001";
inline constexpr const char* kPeers6 = "s6-0000000000000001";
inline constexpr const char* kIdA = "000000000000000a";
inline constexpr const char* kIdB = "000000000000000b";

netpol::Set addresses(std::vector<base::IpAddress> members, base::Family family);
netpol::Set networks(std::vector<netpol::AddressRange> members, base::Family family);
netpol::Set endpoints(std::vector<netpol::Endpoint> members, base::Family family);

// The pod isolated in the directions in which there are chains.
netpol::Subject subject_of(const Place& pod, std::optional<std::vector<std::string>> ingress,
                           std::optional<std::vector<std::string>> egress);

// Nothing may enter pod A but what `peers` send, to any port.
netpol::Rules into_a_from(const Scene& scene, const std::vector<const Place*>& peers);
// Pod A may send to nobody but `peers`.
netpol::Rules out_of_a_to(const Scene& scene, const std::vector<const Place*>& peers);

// Opens Policies in the namespace and uses it there.
void with_policies(const catena::test::ScratchNetNs& netns, firewall::Place where,
                   const std::function<void(Policies&)>& work);

}  // namespace catena::firewall::test
