#include "tests/support/test_node.h"

#include <utility>

#include "tests/support/paths.h"

namespace catena::test {

TestNode::TestNode(std::string plugin) : plugin_(std::move(plugin)) {
  node.sh("ip link add nic0 type veth peer name out0 netns " + outside.path());
  // The kernel makes link-local addresses only some time after a link is up; a real NIC has had
  // its own for long.
  node.sh(
      "ip link set nic0 addrgenmode none && ip addr add 192.168.0.10/24 dev nic0 && "
      "ip -6 addr add fd00:c0::10/64 dev nic0 nodad && "
      "ip -6 addr add fe80::c0:10/64 dev nic0 nodad && ip link set nic0 up");
  outside.sh(
      "ip link set out0 addrgenmode none && ip addr add 192.168.0.1/24 dev out0 && "
      "ip -6 addr add fd00:c0::1/64 dev out0 nodad && "
      "ip -6 addr add fe80::c0:1/64 dev out0 nodad && ip link set out0 up && "
      "ip route add 172.30.0.0/16 via 192.168.0.10 && "
      "ip -6 route add fd00:30::/32 via fd00:c0::10");
  node.sh(
      "ip route add default via 192.168.0.1 dev nic0 && "
      "ip -6 route add default via fd00:c0::1 dev nic0");
}

nlohmann::json TestNode::plain_config() const {
  return {{"cniVersion", "1.1.0"},         {"name", "testnet"},       {"type", plugin_},
          {"podCIDRs", {"172.30.1.0/24"}}, {"stateDir", state_dir()}, {"logFile", dir() + "/log"}};
}

PluginSite TestNode::site() const {
  return {.plugin = plugin_, .node = node, .environment = {{"CNI_PATH", bin_dir()}}};
}

std::string TestNode::leftovers() const {
  return node.sh(
      // ip(8) complains on stderr of links whose other end's namespace is being taken down.
      "exec 2>/dev/null; ip -o link | grep ctn; ip route show proto 202; "
      "ip -6 route show proto 202; nft -j list table inet catena | grep -o 'ctn[a-z2-7]\\{12\\}'; "
      "true");
}

}  // namespace catena::test
