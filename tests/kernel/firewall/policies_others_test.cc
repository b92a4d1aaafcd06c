// Policies in nf_tables beside the rules of others: kube-proxy's (iptables and nft form), Docker's,
// firewalld's.
#include <netinet/in.h>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/policy_scene.h"
#include "tests/kernel/xtables/scene.h"

namespace catena::firewall::test {
namespace {

using xtables::test::is_kept_from;
using xtables::test::kWeb;
using xtables::test::reaches;
using xtables::test::reaches_by;

constexpr std::uint16_t kService = 8000;
constexpr std::uint16_t kNodePort = 30080;

class PoliciesAndOthers : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  bool v4() const { return family() == base::Family::kIpv4; }
  base::IpAddress service() const { return ip(v4() ? "172.16.0.10" : "fd00:16::10"); }
  std::string address(const Place& place) const { return address_of(place, family()).to_string(); }

  void sync(const netpol::Rules& want) const {
    with_policies(scene.node.netns, firewall::Place::kNode,
                  [&](Policies& policies) { EXPECT_OK(policies.sync(want)); });
  }
  void iptables(const std::string& rules) const {
    run({v4() ? "iptables-legacy-restore" : "ip6tables-legacy-restore", "-w", "20", "--noflush"},
        rules);
  }
  void nft(const std::string& rules) const { run({"nft", "-f", "-"}, rules); }

  // A service with one backend, pod B's port 80, and its NodePort.
  void proxy_by_iptables() const {
    const std::string pod = v4() ? address(scene.pod_b) : "[" + address(scene.pod_b) + "]";
    iptables(
        "*filter\n:KUBE-FORWARD - [0:0]\n-A FORWARD -j KUBE-FORWARD\n"
        "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
        "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n"
        "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-SEP - [0:0]\n"
        "-A PREROUTING -j KUBE-SERVICES\n"
        "-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE\n"
        "-A KUBE-SERVICES -d " +
        service().to_string() + " -p tcp -m tcp --dport " + std::to_string(kService) +
        " -j KUBE-SEP\n-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n"
        "-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
        std::to_string(kNodePort) +
        " -j MARK --or-mark 0x4000\n-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
        std::to_string(kNodePort) +
        " -j KUBE-SEP\n-A KUBE-SEP -p tcp -m tcp -j DNAT --to-destination " + pod + ":" +
        std::to_string(kWeb) + "\nCOMMIT\n");
  }
  void proxy_by_nft() const {
    const std::string f = v4() ? "ip" : "ip6";
    const std::string pod = v4() ? address(scene.pod_b) : "[" + address(scene.pod_b) + "]";
    nft("table " + f +
        " kube-proxy {\n"
        " chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept;\n  " +
        f + " daddr " + service().to_string() + " tcp dport " + std::to_string(kService) +
        " dnat to " + pod + ":" + std::to_string(kWeb) + "\n  fib daddr type local tcp dport " +
        std::to_string(kNodePort) + " meta mark set meta mark or 0x4000 dnat to " + pod + ":" +
        std::to_string(kWeb) +
        "\n }\n"
        " chain nat-postrouting { type nat hook postrouting priority srcnat; policy accept;\n"
        "  meta mark & 0x4000 == 0x4000 masquerade fully-random\n }\n"
        " chain filter-forward { type filter hook forward priority filter; policy accept;\n"
        "  ct state established,related accept\n  accept\n }\n}\n");
  }

  bool calls_service() const {
    return reaches_by({scene.pod_a, scene.pod_b, family()}, service(), kService);
  }
  bool calls_node_port() const {
    return reaches_by({scene.outside, scene.pod_b, family()}, address_of(scene.node, family()),
                      kNodePort);
  }
  void expect_services_to_be_judged() const {
    sync(out_of_a_to(scene, {&scene.pod_b}));
    EXPECT_TRUE(calls_service()) << "by the backend";
    sync(out_of_a_to(scene, {&scene.outside}));
    EXPECT_FALSE(calls_service());
    sync(into_b_from({&scene.outside}));
    EXPECT_TRUE(calls_node_port()) << "by the caller's address before masquerade";
    sync(into_b_from({&scene.pod_a}));
    EXPECT_FALSE(calls_node_port());
    EXPECT_TRUE(calls_service());
  }
  netpol::Rules into_b_from(const std::vector<const Place*>& peers) const {
    netpol::Rules rules = into_a_from(scene, peers);
    rules.subjects.clear();
    rules.subjects[kIdB] =
        subject_of(scene.pod_b, std::vector<std::string>{kIngressChain}, std::nullopt);
    return rules;
  }
  // Pod B may enter A, and nobody else; A may go anywhere.
  void expect_only_b_to_enter_a() const {
    EXPECT_TRUE(reaches({scene.pod_b, scene.pod_a, family()}));
    EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a, family()}));
    EXPECT_TRUE(reaches({scene.pod_a, scene.outside, family()}));
  }

  Scene scene;

 private:
  void run(const std::vector<std::string>& words, const std::string& input) const {
    const catena::test::Outcome outcome =
        catena::test::run_process(words, {.input = input, .netns_fd = scene.node.netns.fd()});
    ASSERT_EQ(outcome.exit_status, 0) << outcome.err;
  }

  xtables::test::OwnLock lock_;
};

TEST_P(PoliciesAndOthers, KubeProxysServicesByIptablesAreJudged) {
  proxy_by_iptables();
  expect_services_to_be_judged();
}

TEST_P(PoliciesAndOthers, KubeProxysServicesByNftAreJudged) {
  proxy_by_nft();
  expect_services_to_be_judged();
}

TEST_P(PoliciesAndOthers, KubeProxysTableStaysAsItIs) {
  proxy_by_nft();
  const std::string list = std::string("nft list table ") + (v4() ? "ip" : "ip6") + " kube-proxy";
  const std::string before = scene.node.netns.sh(list);
  sync(into_b_from({&scene.outside}));
  sync({});
  EXPECT_EQ(scene.node.netns.sh(list), before);
}

TEST_P(PoliciesAndOthers, DockersAcceptOpensNothingAndItsDropStaysADrop) {
  sync(into_a_from(scene, {&scene.pod_b}));
  iptables(
      "*filter\n:FORWARD DROP [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\nCOMMIT\n");
  EXPECT_TRUE(is_kept_from({scene.pod_b, scene.pod_a, family()})) << "forwarding is off";
  iptables("*filter\n-I DOCKER-USER -j ACCEPT\nCOMMIT\n");
  expect_only_b_to_enter_a();
}

TEST_P(PoliciesAndOthers, FirewalldsAcceptOpensNothingAndAReloadOfItTakesNothing) {
  const std::string firewalld =
      "table inet firewalld {\n"
      " chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;\n"
      "  ct state { established, related } accept\n  accept\n }\n"
      " chain mangle_POSTROUTING { type filter hook postrouting priority mangle + 10; accept\n }\n"
      " chain filter_INPUT { type filter hook input priority filter + 10; policy accept;\n"
      "  accept\n }\n}\n";
  nft(firewalld);
  sync(into_a_from(scene, {&scene.pod_b}));
  expect_only_b_to_enter_a();
  nft("delete table inet firewalld\n" + firewalld);
  expect_only_b_to_enter_a();
  // What it refuses stays refused.
  nft("add rule inet firewalld mangle_POSTROUTING drop\n"
      "insert rule inet firewalld mangle_POSTROUTING tcp dport 80 drop\n");
  EXPECT_TRUE(is_kept_from({scene.pod_b, scene.pod_a, family()}));
}

INSTANTIATE_TEST_SUITE_P(, PoliciesAndOthers, testing::ValuesIn(kFamilies), [](const auto& one) {
  return one.param == base::Family::kIpv4 ? "Ipv4" : "Ipv6";
});

}  // namespace
}  // namespace catena::firewall::test
