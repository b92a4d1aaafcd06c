// Beside the rules of others who use iptables-legacy: kube-proxy, Docker, firewalld.
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"

namespace catena::xtables::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint16_t kService = 8000;
constexpr std::uint16_t kNodePort = 30080;

class XtablesAndOthers : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  bool v4() const { return family() == base::Family::kIpv4; }
  base::IpAddress service() const { return ip(v4() ? "172.16.0.10" : "fd00:16::10"); }

  void restore(const std::string& rules) const {
    const catena::test::Outcome outcome = catena::test::run_process(
        {v4() ? "iptables-legacy-restore" : "ip6tables-legacy-restore", "-w", "20", "--noflush"},
        {.input = rules, .netns_fd = scene.node.netns.fd()});
    ASSERT_EQ(outcome.exit_status, 0) << outcome.err;
  }

  // As kube-proxy writes a service with one backend, pod B's port 80, and its NodePort.
  void write_service() const {
    const std::string host = service().to_string() + (v4() ? "/32" : "/128");
    const std::string pod = address_of(scene.pod_b, family()).to_string();
    const std::string backend = (v4() ? pod : "[" + pod + "]") + ":" + std::to_string(kWeb);
    restore(
        "*mangle\n:KUBE-PROXY-CANARY - [0:0]\nCOMMIT\n"
        "*filter\n:KUBE-FORWARD - [0:0]\n-A FORWARD -j KUBE-FORWARD\n"
        "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\n"
        "-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT\n"
        "-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n"
        "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n:KUBE-SEP - [0:0]\n"
        ":KUBE-MARK-MASQ - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
        "-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
        "-A POSTROUTING -j KUBE-POSTROUTING\n"
        "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
        "-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000\n"
        "-A KUBE-POSTROUTING -j MASQUERADE\n"
        "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000\n"
        "-A KUBE-SERVICES -d " +
        host + " -p tcp -m tcp --dport " + std::to_string(kService) +
        " -j KUBE-SEP\n"
        "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n"
        "-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
        std::to_string(kNodePort) +
        " -j KUBE-MARK-MASQ\n"
        "-A KUBE-NODEPORTS -p tcp -m tcp --dport " +
        std::to_string(kNodePort) +
        " -j KUBE-SEP\n"
        "-A KUBE-SEP -p tcp -m tcp -j DNAT --to-destination " +
        backend + "\nCOMMIT\n");
  }

  // Pod A may call these, on port 80.
  netpol::Rules a_may_call(const std::vector<const Place*>& who) const {
    netpol::Rules rules;
    add_chain(rules, "p-eg", add_peers(rules, "callees", who));
    netpol::Subject subject = subject_of(scene.pod_a);
    subject.egress = {"p-eg"};
    rules.subjects["a"] = subject;
    return rules;
  }
  // These may call pod B, on port 80.
  netpol::Rules may_call_b(const std::vector<const Place*>& who) const {
    netpol::Rules rules;
    add_chain(rules, "p-in", add_peers(rules, "callers", who));
    netpol::Subject subject = subject_of(scene.pod_b);
    subject.ingress = {"p-in"};
    rules.subjects["b"] = subject;
    return rules;
  }
  bool calls_service() const {
    return reaches_by({scene.pod_a, scene.pod_b, family()}, service(), kService);
  }
  bool calls_node_port() const {
    return reaches_by({scene.outside, scene.pod_b, family()}, address_of(scene.node, family()),
                      kNodePort);
  }

  Scene scene;
};

TEST_P(XtablesAndOthers, WhoCallsAServiceIsJudgedByTheBackend) {
  write_service();
  ASSERT_OK(scene.sync(a_may_call({&scene.pod_b})));
  EXPECT_TRUE(calls_service());
  ASSERT_OK(scene.sync(a_may_call({&scene.outside})));
  EXPECT_FALSE(calls_service());
}

TEST_P(XtablesAndOthers, WhoCallsANodePortIsJudgedByTheAddressItHadBeforeMasquerade) {
  write_service();
  ASSERT_OK(scene.sync(may_call_b({&scene.outside})));
  EXPECT_TRUE(calls_node_port());
  ASSERT_OK(scene.sync(may_call_b({&scene.pod_a})));
  EXPECT_FALSE(calls_node_port());
}

TEST_P(XtablesAndOthers, KubeProxysRulesStayAsTheyAre) {
  write_service();
  const std::string nat = scene.saved("nat");
  const std::string filter = scene.saved("filter");
  ASSERT_OK(scene.sync(only_b_to_a(scene)));
  ASSERT_OK(scene.sync(all_closed(scene.pod_a)));
  EXPECT_EQ(scene.saved("nat"), nat);
  EXPECT_EQ(scene.saved("filter"), filter);
  EXPECT_THAT(scene.saved(), HasSubstr("KUBE-PROXY-CANARY"));
}

TEST_P(XtablesAndOthers, DockersAcceptOpensNothingAndItsDropStaysADrop) {
  const std::string docker =
      "*filter\n:FORWARD DROP [0:0]\n:DOCKER - [0:0]\n:DOCKER-USER - [0:0]\n"
      "-A FORWARD -j DOCKER-USER\n-A FORWARD -o docker0 -j DOCKER\n";
  restore(docker + "COMMIT\n");
  ASSERT_OK(scene.sync(only_b_to_a(scene)));
  EXPECT_TRUE(is_kept_from({scene.pod_b, scene.pod_a, family()})) << "forwarding is off";
  restore("*filter\n-I DOCKER-USER -j ACCEPT\nCOMMIT\n");
  EXPECT_TRUE(reaches({scene.pod_b, scene.pod_a, family()}));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a, family()}));
  EXPECT_TRUE(is_kept_from({scene.pod_a, scene.outside, family()}));
}

TEST_P(XtablesAndOthers, FirewalldsAcceptOpensNothingAndAReloadOfItIsNoticed) {
  restore(
      "*mangle\n:PREROUTING_direct - [0:0]\n:POSTROUTING_direct - [0:0]\n"
      "-A PREROUTING -j PREROUTING_direct\n-A POSTROUTING -j POSTROUTING_direct\nCOMMIT\n"
      "*filter\n:INPUT_ZONES - [0:0]\n:FORWARD_IN_ZONES - [0:0]\n"
      "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -j INPUT_ZONES\n"
      "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
      "-A FORWARD -j FORWARD_IN_ZONES\n-A FORWARD_IN_ZONES -j ACCEPT\n-A INPUT_ZONES -j ACCEPT\n"
      "COMMIT\n");
  const netpol::Rules rules = only_b_to_a(scene);
  ASSERT_OK(scene.sync(rules));
  EXPECT_TRUE(reaches({scene.pod_b, scene.pod_a, family()}));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a, family()}));
  EXPECT_TRUE(is_kept_from({scene.pod_a, scene.node, family()}));
  // What it does first of all when it is reloaded.
  const std::string iptables = v4() ? "iptables-legacy" : "ip6tables-legacy";
  scene.node.netns.sh(iptables + " -t mangle -F && " + iptables + " -t mangle -X");
  EXPECT_THAT(scene.differences(rules), Not(IsEmpty()));
  ASSERT_OK(scene.sync(rules));
  EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a, family()}));
}

TEST_P(XtablesAndOthers, RulesOfOthersBehindOursStillSeeWhatIsAllowed) {
  ASSERT_OK(scene.sync(only_b_to_a(scene)));
  restore("*mangle\n-A POSTROUTING -p tcp -m tcp --dport 80 -j DROP\nCOMMIT\n");
  EXPECT_TRUE(is_kept_from({scene.pod_b, scene.pod_a, family()}));
}

INSTANTIATE_TEST_SUITE_P(, XtablesAndOthers, testing::ValuesIn(kFamilies), [](const auto& one) {
  return one.param == base::Family::kIpv4 ? "Ipv4" : "Ipv6";
});

}  // namespace
}  // namespace catena::xtables::test
