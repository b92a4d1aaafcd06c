#include "tests/support/test_node.h"

#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tests/support/plugin_call.h"

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

nlohmann::json TestNode::config(const nlohmann::json& overrides) const {
  nlohmann::json config = {{"cniVersion", "1.1.0"},   {"name", "testnet"},
                           {"type", plugin_},         {"podCIDRs", {"172.30.1.0/24"}},
                           {"stateDir", state_dir()}, {"logFile", dir() + "/log"}};
  config.merge_patch(overrides);
  return config;
}

Answer TestNode::call(const PluginCall& call) const {
  return call_plugin({.plugin = plugin_, .node = node, .environment = {{"CNI_PATH", bin_dir()}}},
                     call);
}

Answer TestNode::add(const ScratchNetNs& pod, const std::string& container_id,
                     const nlohmann::json& overrides) const {
  Answer added =
      call({.command = "ADD",
            .container_id = container_id,
            .netns = pod.path(),
            .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + container_id +
                    ";K8S_POD_UID=u-" + container_id,
            .config = config(overrides)});
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

Answer TestNode::del(const std::string& netns, const std::string& container_id,
                     const nlohmann::json& overrides) const {
  return call({.command = "DEL",
               .container_id = container_id,
               .netns = netns,
               .config = config(overrides)});
}

Answer TestNode::check(const ScratchNetNs& pod, const std::string& container_id,
                       const Answer& added, const nlohmann::json& overrides) const {
  nlohmann::json configuration = config(overrides);
  configuration["prevResult"] = added.json;
  return call({.command = "CHECK",
               .container_id = container_id,
               .netns = pod.path(),
               .config = configuration});
}

std::string TestNode::leftovers() const {
  return node.sh(
      // ip(8) complains on stderr of links whose other end's namespace is being taken down.
      "exec 2>/dev/null; ip -o link | grep ctn; ip route show proto 202; "
      "ip -6 route show proto 202; nft -j list table inet catena | grep -o 'ctn[a-z2-7]\\{12\\}'; "
      "true");
}

std::string address_of(const Answer& added, std::size_t index) {
  const std::string address = added.json.at("ips").at(index).at("address");
  return address.substr(0, address.find('/'));
}

std::string host_link_of(const Answer& added) {
  for (const auto& link : added.json.at("interfaces")) {
    if (link.value("sandbox", std::string()).empty()) {
      return link.at("name");
    }
  }
  return {};
}

bool can_ping(const ScratchNetNs& from, const std::string& address) {
  return from.sh_ok("ping -n -q -c 1 -W 2 " + address);
}

}  // namespace catena::test
