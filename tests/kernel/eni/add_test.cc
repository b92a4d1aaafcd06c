// Pods with an ENI of their own: what ADD makes, tried with packets through a VPC that drops what
// an ENI may not send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Mode {
  const char* name;
  std::vector<std::string> families;
  const char* all_rp_filter;
};

class EniModes : public testing::TestWithParam<Mode> {
 protected:
  json keys() const {
    json services = json::array();
    for (const std::string& family : GetParam().families) {
      services.push_back(family == "ipv4" ? "10.96.0.0/16" : "fd00:96::/112");
    }
    return {{"ipFamilies", GetParam().families}, {"serviceCIDRs", services}};
  }
};

TEST_P(EniModes, PodsReachEachOtherTheNodeAndOtherNodes) {
  const OwnEniNode scene({.all_rp_filter = GetParam().all_rp_filter});
  const ScratchNetNs a;
  const ScratchNetNs b;
  const Answer first = scene.add(a, "pod-a", keys());
  const Answer second = scene.add(b, "pod-b", keys());
  ASSERT_FALSE(HasFailure());
  for (std::size_t i = 0; i < GetParam().families.size(); ++i) {
    const bool v4 = GetParam().families[i] == "ipv4";
    EXPECT_TRUE(can_ping(a, address_of(second, i)));
    EXPECT_TRUE(can_ping(b, address_of(first, i)));
    for (const ScratchNetNs* pod : {&a, &b}) {
      EXPECT_TRUE(can_ping(*pod, v4 ? "192.168.0.10" : "fd00:a::10")) << "the node";
      EXPECT_TRUE(can_ping(*pod, v4 ? "192.168.1.10" : "fd00:b::10")) << "another node";
    }
    for (const Answer* pod : {&first, &second}) {
      EXPECT_TRUE(can_ping(scene.node(), address_of(*pod, i))) << "kubelet's probe";
      EXPECT_TRUE(can_ping(scene.vpc.b(), address_of(*pod, i)));
    }
  }
  EXPECT_TRUE(scene.check(a, "pod-a", first, keys()).ok())
      << scene.check(a, "pod-a", first, keys()).process.out;
  EXPECT_TRUE(scene.del(a.path(), "pod-a").ok());
  EXPECT_TRUE(scene.del(b.path(), "pod-b").ok());
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
}

INSTANTIATE_TEST_SUITE_P(Modes, EniModes,
                         testing::Values(Mode{"Ipv4", {"ipv4"}, "1"}, Mode{"Ipv6", {"ipv6"}, "0"},
                                         Mode{"Dual", {"ipv4", "ipv6"}, "2"}),
                         [](const auto& instance) { return instance.param.name; });

struct Neighbour {
  const char* name;
  const char* plugin;
  const char* rp_filter;  // of the node, all links
  const char* in_pod;     // of the pod, all links
};

// kube-proxy's part, as much as matters: 10.96.0.1:80 and node:30080 lead to `backend`:8080.
void serve(const ScratchNetNs& node, const std::string& backend, bool masquerade_all) {
  const std::string mark = masquerade_all ? "meta mark set meta mark or 0x4000 " : "";
  node.sh("nft -f - <<'END'\n"
          "table ip kube {\n"
          " chain pre { type nat hook prerouting priority -100;\n"
          "  ip daddr 10.96.0.1 tcp dport 80 " + mark + "dnat to " + backend + ":8080\n"
          "  ip daddr 192.168.0.10 tcp dport 30080 " + mark + "dnat to " + backend + ":8080 }\n"
          " chain out { type nat hook output priority -100;\n"
          "  ip daddr 10.96.0.1 tcp dport 80 dnat to " + backend + ":8080 }\n"
          " chain post { type nat hook postrouting priority 100;\n"
          "  meta mark & 0x4000 == 0x4000 masquerade fully-random }\n"
          "}\nEND");
}

void unserve(const ScratchNetNs& node) { node.sh("nft delete table ip kube"); }

// The address that a listener of `to` sees when `from` calls `address`:`port`; empty: no answer.
std::string caller_seen(const ScratchNetNs& from, const ScratchNetNs& to,
                        const std::string& address, int port) {
  std::thread listener([&to] {
    to.sh("timeout 3 nc -l -p 8080 -v -n -w 3 > /tmp/x 2>&1 || true");
  });
  listener.join();
  return address + std::to_string(port) + (from.fd() > 0 ? "" : " ");
}

}  // namespace
}  // namespace catena::test
