// Which ports of the destination a rule allows.
#include <gtest/gtest.h>

#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

constexpr std::uint8_t kTcp = IPPROTO_TCP;
constexpr std::uint8_t kUdp = IPPROTO_UDP;
constexpr std::uint8_t kSctp = IPPROTO_SCTP;

Scene pods_with_ports() {
  Scene scene;
  scene.space("x", R"({"ns":"x"})").space("y");
  scene.pod("x/a", {"10.0.0.1"}, R"({"pod":"a"})").pod("x/b", {"10.0.0.2"}, R"({"pod":"b"})");
  scene.far_pod("y/c", {"10.0.0.3"});
  scene.patch("x/a", R"({"spec":{
      "containers":[{"ports":[{"name":"web","containerPort":8080},
                              {"name":"dns","containerPort":53,"protocol":"UDP"},
                              {"containerPort":9}]},
                    {"ports":[{"name":"web","containerPort":8081}]}],
      "initContainers":[{"ports":[{"name":"side","containerPort":15000}]}]}})");
  scene.patch("x/b", R"({"spec":{"containers":[{"ports":[{"name":"web","containerPort":80}]}]}})");
  return scene;
}

Scene ingress_ports(const std::string& ports) {
  Scene scene = pods_with_ports();
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"ports":)" + ports + "}]}");
  return scene;
}

TEST(Ports, TheProtocolIsTcpWhereNoneIsSaid) {
  Scene scene = ingress_ports(R"([{"port":80}])");
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 80, kTcp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 80, kUdp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 81, kTcp));
}

TEST(Ports, WithoutANumberItIsAllOfTheProtocol) {
  Scene udp = ingress_ports(R"([{"protocol":"UDP"}])");
  EXPECT_TRUE(udp.reaches("y/c", "x/a", 1, kUdp));
  EXPECT_FALSE(udp.reaches("y/c", "x/a", 1, kTcp));
  Scene any = ingress_ports("[{}]");
  EXPECT_TRUE(any.reaches("y/c", "x/a", 65535, kTcp));
  EXPECT_FALSE(any.reaches("y/c", "x/a", 65535, kSctp));
}

TEST(Ports, EndPortIsCounted) {
  Scene scene = ingress_ports(R"([{"port":80,"endPort":90},{"port":91,"endPort":91}])");
  for (const std::uint16_t port : std::vector<std::uint16_t>{80, 85, 90, 91}) {
    EXPECT_TRUE(scene.reaches("y/c", "x/a", port)) << port;
  }
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 79));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 92));
}

TEST(Ports, NeighboursAreOneRule) {
  Scene scene = ingress_ports(R"([{"port":80},{"port":81},{"port":70,"endPort":82},
                                  {"protocol":"UDP","port":53}])");
  const Rules& rules = scene.compiler().rules();
  ASSERT_EQ(rules.chains.size(), 1U);
  EXPECT_EQ(rules.chains.begin()->second.rules,
            (std::vector<Rule>{{.protocol = kTcp, .first_port = 70, .last_port = 82},
                               {.protocol = kUdp, .first_port = 53, .last_port = 53}}));
}

TEST(Ports, ANameIsOfTheSelectedPodsPortsForIngress) {
  Scene scene = ingress_ports(R"([{"port":"web"}])");
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 8080));
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 8081));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 80));
  EXPECT_TRUE(scene.reaches("y/c", "x/b", 80));
  EXPECT_FALSE(scene.reaches("y/c", "x/b", 8080));
}

TEST(Ports, ANameOfAnotherProtocolMatchesNothing) {
  Scene scene = ingress_ports(R"([{"port":"web","protocol":"UDP"},{"port":"dns"}])");
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 8080, kUdp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 53, kTcp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 53, kUdp));
}

TEST(Ports, InitContainersCountToo) {
  Scene scene = ingress_ports(R"([{"port":"side"}])");
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 15000));
}

TEST(Ports, ANameIsOfEachPeersPortsForEgress) {
  Scene scene = pods_with_ports();
  scene.policy("x/p", R"({"podSelector":{},"policyTypes":["Egress"],
      "egress":[{"to":[{"podSelector":{}}],"ports":[{"port":"web"}]}]})");
  EXPECT_TRUE(scene.reaches("x/b", "x/a", 8080));
  EXPECT_TRUE(scene.reaches("x/a", "x/b", 80));
  EXPECT_FALSE(scene.reaches("x/b", "x/a", 80));
  EXPECT_FALSE(scene.reaches("x/a", "y/c", 80));
}

TEST(Ports, ANameNeverMatchesAnAddressBlock) {
  Scene scene = pods_with_ports();
  scene.policy("x/p", R"({"podSelector":{},"policyTypes":["Egress"],
      "egress":[{"to":[{"ipBlock":{"cidr":"0.0.0.0/0"}}],"ports":[{"port":"web"}]}]})");
  EXPECT_FALSE(scene.reaches("x/a", "x/b", 80));
  EXPECT_FALSE(scene.reaches("x/a", "192.0.2.1", 80));
}

TEST(Ports, ANameWithoutPeersIsOfAnyPodThatHasIt) {
  Scene scene = pods_with_ports();
  scene.policy("x/p", R"({"podSelector":{},"policyTypes":["Egress"],
      "egress":[{"ports":[{"port":"web"}]}]})");
  EXPECT_TRUE(scene.reaches("x/a", "x/b", 80));
  EXPECT_FALSE(scene.reaches("x/a", "y/c", 80));
  scene.patch("y/c", R"({"spec":{"containers":[{"ports":[{"name":"web","containerPort":99}]}]}})");
  EXPECT_TRUE(scene.reaches("x/a", "y/c", 99));
  EXPECT_FALSE(scene.reaches("x/a", "192.0.2.1", 80));
}

TEST(Ports, ANameWithPeersNeedsBothForIngress) {
  Scene scene = pods_with_ports();
  scene.policy("x/p", R"({"podSelector":{"matchLabels":{"pod":"a"}},"ingress":[{"from":
      [{"podSelector":{}},{"ipBlock":{"cidr":"192.0.2.0/24"}}],"ports":[{"port":"web"}]}]})");
  EXPECT_TRUE(scene.reaches("x/b", "x/a", 8080));
  EXPECT_TRUE(scene.reaches("192.0.2.1", "x/a", 8081));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 8080));
  EXPECT_FALSE(scene.reaches("x/b", "x/a", 80));
}

TEST(Ports, AnSctpPolicyNeverAllowsTcpAndStillIsolates) {
  Scene scene = ingress_ports(R"([{"protocol":"SCTP","port":80}])");
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 80, kSctp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 80, kTcp));
  EXPECT_FALSE(scene.reaches("y/c", "x/a", 80, kUdp));
}

TEST(Ports, OtherProtocolsPassWhereNoPortIsSaid) {
  Scene scene = ingress_ports("[]");
  EXPECT_TRUE(scene.reaches("y/c", "x/a", 0, IPPROTO_ICMP));
  Scene closed = ingress_ports(R"([{"port":80}])");
  EXPECT_FALSE(closed.reaches("y/c", "x/a", 0, IPPROTO_ICMP));
}

}  // namespace
}  // namespace catena::netpol
