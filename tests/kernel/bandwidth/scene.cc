#include "tests/kernel/bandwidth/scene.h"

#include <gtest/gtest.h>

namespace catena::test {
namespace {

constexpr const char* kShow =
    "exec 2>/dev/null; tc qdisc show | grep -v 'noqueue\\|pfifo_fast'; ip -o link show type ifb | "
    "grep -o 'ctb[a-z2-7]*'; ";

}  // namespace

BandwidthPod::BandwidthPod(const TestNode& node, int number, int mtu, PodLink kind)
    : number_(std::to_string(number)), kind_(kind) {
  const std::string size = std::to_string(mtu);
  const std::string peer = kind == PodLink::kVeth ? "eth0" : "under0";
  node.node.sh("ip link add " + host_link() + " mtu " + size + " type veth peer name " + peer +
               " mtu " + size + " netns " + ns.path());
  node.node.sh("ip addr add " + host_address() + "/24 dev " + host_link() + "; ip -6 addr add " +
               host_address6() + "/64 nodad dev " + host_link() + "; ip link set " + host_link() +
               " up");
  if (kind == PodLink::kNic) {
    // It would answer for eth0's address, and packets would go past eth0.
    ns.sh(
        "ip link set under0 arp off; ip link set under0 up; ip link add eth0 link under0 type "
        "macvlan mode private");
  }
  ns.sh("ip addr add " + address() + "/24 dev eth0; ip -6 addr add " + address6() +
        "/64 nodad dev eth0; ip link set eth0 up");
}

nlohmann::json BandwidthPod::result() const {
  nlohmann::json result = {{"cniVersion", "1.1.0"},
                           {"interfaces", {{{"name", "eth0"}, {"sandbox", ns.path()}}}},
                           {"ips", {{{"address", address() + "/24"}, {"interface", 0}}}}};
  if (kind_ == PodLink::kVeth) {
    result["interfaces"].push_back({{"name", host_link()}});
  }
  return result;
}

nlohmann::json BandwidthNode::config(const nlohmann::json& keys) const {
  nlohmann::json config = TestNode::config({{"podCIDRs", nullptr}});
  config.merge_patch(keys);
  return config;
}

Answer BandwidthNode::call(const std::string& command, const BandwidthPod& pod,
                           const nlohmann::json& keys) const {
  nlohmann::json configuration = config({{"prevResult", pod.result()}});
  configuration.merge_patch(keys);
  return TestNode::call({.command = command,
                         .netns = pod.ns.path(),
                         .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-a;"
                                 "K8S_POD_UID=u-1",
                         .config = configuration});
}

Answer BandwidthNode::add(const BandwidthPod& pod, const nlohmann::json& keys) const {
  Answer added = call("ADD", pod, keys);
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

std::string BandwidthNode::left_in(const BandwidthPod& pod) const {
  return left() + pod.ns.sh(std::string(kShow) + "true");
}

std::string BandwidthNode::left() const {
  return node.sh(std::string(kShow) + "ls " + state_dir() + "/shaped; true");
}

std::string root_of(const ScratchNetNs& ns, const std::string& link) {
  return ns.sh("tc qdisc show dev " + link + " root");
}

}  // namespace catena::test
