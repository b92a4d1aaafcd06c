// What kube-proxy writes on a node for one service, in both of its forms.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/ip.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

inline constexpr std::uint16_t kServicePort = 80;
inline constexpr std::uint16_t kNodePort = 30080;
inline constexpr std::uint16_t kBackendPort = 8080;

// Its mode iptables writes by whichever iptables the node has: iptables-nft or iptables-legacy.
enum class ProxyMode { kIptables, kIptablesLegacy, kNftables };
const char* name_of(ProxyMode mode);  // "Iptables", "IptablesLegacy", "Nftables"

// One with one backend.
struct Service {
  base::IpAddress cluster_ip;
  base::IpAddress backend;
  bool keeps_caller = false;    // externalTrafficPolicy: Local; the backend is on this node then
  bool masquerade_all = false;  // --masquerade-all: what is sent to the ClusterIP too
};

// In the node's namespace, instead of what it wrote there before for this family: NodePorts at
// every address of the node, connection tracking's INVALID dropped in FORWARD, as kube-proxy does.
void write_service(const ScratchNetNs& node, ProxyMode mode, const Service& service);

}  // namespace catena::test
