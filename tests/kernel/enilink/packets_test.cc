// Where packets go, in both shapes and with every rp_filter, tried with packets.
#include <tuple>

#include "tests/kernel/enilink/scene.h"
#include "tests/support/probe.h"

namespace catena::enilink::test {
namespace {

using base::Family;
using catena::test::tcp_probe;
using catena::test::udp_probe;

struct Place {
  std::string name;
  const ScratchNetNs& netns;
  base::IpAddress v4;
  base::IpAddress v6;
  const base::IpAddress& address(Family family) const { return family == Family::kIpv4 ? v4 : v6; }
};

void expect_all_pairs(const std::vector<Place>& places, Family family) {
  for (const Place& from : places) {
    for (const Place& to : places) {
      if (&from == &to) {
        continue;
      }
      const catena::test::Probe probe{from.netns, from.address(family), to.netns,
                                      to.address(family)};
      EXPECT_EQ(udp_probe(probe), from.address(family)) << from.name << " to " << to.name;
      EXPECT_EQ(tcp_probe(probe), from.address(family)) << from.name << " to " << to.name;
    }
  }
}

class Packets : public testing::TestWithParam<std::tuple<Shape, const char*>> {
 protected:
  EniNode scene{std::get<0>(GetParam()), std::get<1>(GetParam())};
};

TEST_P(Packets, EverybodyReachesEverybodyWithTheirOwnAddresses) {
  scene.ensure();
  const auto one = scene.add_pod(scene.eni1, "192.168.0.21", "fd00:a::21");
  const auto same_eni = scene.add_pod(scene.eni1, "192.168.0.22", "fd00:a::22");
  const auto other_eni = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  const auto on_primary = scene.add_pod(scene.primary, "192.168.0.15", "fd00:a::15");
  const std::vector<Place> places{
      {"pod on ENI 1", one->netns, one->v4, one->v6},
      {"another pod on ENI 1", same_eni->netns, same_eni->v4, same_eni->v6},
      {"pod on ENI 2", other_eni->netns, other_eni->v4, other_eni->v6},
      {"pod on the primary ENI", on_primary->netns, on_primary->v4, on_primary->v6},
      {"the node", scene.node(), ip("192.168.0.10"), ip("fd00:a::10")},
      {"another node in ENI 2's vSwitch", scene.vpc.b(), ip("192.168.1.10"), ip("fd00:b::10")}};
  for (const Family family : kFamilies) {
    expect_all_pairs(places, family);
  }
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Packets, HostStackNetworksAreReachedThroughTheNode) {
  scene.routing.host_stack = {prefix("10.200.0.0/24"), prefix("fd00:200::/64")};
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  const ScratchNetNs stack;
  scene.node().sh("ip link add stack0 type veth peer name eth0 netns " + stack.path() +
                  " && ip link set stack0 up && ip addr add 10.200.0.254/24 dev stack0"
                  " && ip addr add fd00:200::fe/64 dev stack0 nodad");
  stack.sh(
      "ip link set eth0 up && ip addr add 10.200.0.1/24 dev eth0"
      " && ip addr add fd00:200::1/64 dev eth0 nodad"
      " && ip route add default via 10.200.0.254 && ip route add default via fd00:200::fe");
  EXPECT_EQ(tcp_probe({pod->netns, pod->v4, stack, ip("10.200.0.1")}), pod->v4);
  EXPECT_EQ(tcp_probe({pod->netns, pod->v6, stack, ip("fd00:200::1")}), pod->v6);
}

INSTANTIATE_TEST_SUITE_P(ShapesAndRpFilters, Packets,
                         testing::Combine(testing::Values(Shape::kMarks, Shape::kRules),
                                          testing::Values("0", "1", "2")),
                         [](const auto& tested) {
                           return std::string(name_of(std::get<0>(tested.param))) + "RpFilter" +
                                  std::get<1>(tested.param);
                         });

// As kube-proxy writes it: NodePort 30080 and ClusterIP 10.96.0.1 / fd00:96::1, both to `pod`;
// `masquerade` is externalTrafficPolicy Cluster, or a ClusterIP called from outside clusterCIDR.
struct Service {
  Family family;
  std::string target;  // "192.168.0.21:8080"
  bool masquerade;
};

void write_service(const ScratchNetNs& node, const Service& service) {
  const bool v4 = service.family == Family::kIpv4;
  const std::string ip = v4 ? "ip" : "ip6";
  const std::string mark = service.masquerade ? "meta mark set meta mark or 0x4000 " : "";
  const std::string to = mark + "dnat to " + service.target;
  node.sh("nft 'table " + ip + " kube-proxy { chain pre { type nat hook prerouting priority -100;" +
          ip + " daddr { " + (v4 ? "192.168.0.10" : "fd00:a::10") + " } tcp dport 30080 " + to +
          "; " + ip + " daddr " + (v4 ? "10.96.0.1" : "fd00:96::1") + " tcp dport 80 " + to +
          "; }; chain post { type nat hook postrouting priority 100; meta mark & 0x4000 == 0x4000"
          " masquerade; }; }'");
}

std::string with_port(const base::IpAddress& address) {
  return address.is_v4() ? address.to_string() + ":8080" : "[" + address.to_string() + "]:8080";
}

class Services : public testing::TestWithParam<std::tuple<Family, const char*>> {
 protected:
  Family family() const { return std::get<0>(GetParam()); }
  base::IpAddress pick(const char* v4, const char* v6) const {
    return ip(family() == Family::kIpv4 ? v4 : v6);
  }
  base::IpAddress node_address() const { return pick("192.168.0.10", "fd00:a::10"); }
  base::IpAddress stranger() const { return pick("192.168.1.11", "fd00:b::11"); }
  Call node_port(const Pod& pod) const {
    return {scene.vpc.c(), node_address(), 30080, pod.netns, pod.address(family()), 8080};
  }
  Call cluster_ip(const Pod& pod) const {
    return {pod.netns, pick("10.96.0.1", "fd00:96::1"), 80, scene.vpc.c(), stranger(), 8080};
  }

  EniNode scene{Shape::kMarks, std::get<1>(GetParam())};
};

TEST_P(Services, ANodePortOfAPodOnAnotherEniIsAnsweredTheWayItCame) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  write_service(scene.node(), {family(), with_port(pod->address(family())), false});
  EXPECT_EQ(caller_seen(node_port(*pod)), stranger());
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Services, AMasqueradedNodePortIsAnsweredTheWayItCame) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  write_service(scene.node(), {family(), with_port(pod->address(family())), true});
  EXPECT_EQ(caller_seen(node_port(*pod)), node_address());
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Services, WhatTheNodeItselfServesHasNoMark) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  scene.node().sh(
      "nft 'table inet seen { chain c { type filter hook input priority 200;"
      " ct mark & 0x0ff00000 != 0 counter drop; }; }'");
  EXPECT_EQ(caller_seen({scene.vpc.c(), node_address(), 8080, scene.node(), node_address(), 8080}),
            stranger());
}

TEST_P(Services, ANodePortOfAPodOnThePrimaryEniIsAnswered) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.primary, "192.168.0.15", "fd00:a::15");
  write_service(scene.node(), {family(), with_port(pod->address(family())), false});
  EXPECT_EQ(caller_seen(node_port(*pod)), stranger());
}

TEST_P(Services, APodReachesAServiceElsewhereWithItsOwnAddress) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  write_service(scene.node(), {family(), with_port(stranger()), false});
  EXPECT_EQ(caller_seen(cluster_ip(*pod)), pod->address(family()));
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Services, WhatKubeProxyMasqueradesLeavesByThePrimaryNic) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  write_service(scene.node(), {family(), with_port(stranger()), true});
  EXPECT_EQ(caller_seen(cluster_ip(*pod)), node_address());
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Services, AServiceLeadsToAPodOnAnotherEniOfTheSameNode) {
  scene.ensure();
  const auto caller = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  const auto server = scene.add_pod(scene.eni1, "192.168.0.21", "fd00:a::21");
  write_service(scene.node(), {family(), with_port(server->address(family())), false});
  Call call = cluster_ip(*caller);
  EXPECT_EQ(
      caller_seen({call.client, call.target, 80, server->netns, server->address(family()), 8080}),
      caller->address(family()));
  EXPECT_EQ(scene.spoofed(), 0U);
}

TEST_P(Services, OnlyWhatIsNotMasqueradedLeavesByTheEni) {
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  scene.at_node([&](const Kernel& kernel) {
    EXPECT_OK(kernel.firewall->masquerade({pod->v4, pod->v6},
                                          {prefix("192.168.0.0/23"), prefix("fd00:b::/64")},
                                          scene.routing.marks));
  });
  const Call kept{pod->netns, stranger(), 8080, scene.vpc.c(), stranger(), 8080};
  EXPECT_EQ(caller_seen(kept), pod->address(family()));
  // What no list keeps.
  const base::IpAddress far = pick("203.0.113.9", "2001:db8:9::9");
  const std::string text = far.to_string();
  scene.vpc.c().sh("ip addr add " + text + (far.is_v4() ? "/32 dev lo" : "/128 dev lo nodad") +
                   "; until ip route get " + text + " | grep -q ^local; do sleep 0.01; done");
  catena::test::must(scene.vpc.plane().set_routes({{prefix(far.to_string()), "i-c"}}));
  EXPECT_EQ(caller_seen({pod->netns, far, 8080, scene.vpc.c(), far, 8080}), node_address());
  EXPECT_EQ(scene.spoofed(), 0U);
}

INSTANTIATE_TEST_SUITE_P(FamiliesAndRpFilters, Services,
                         testing::Combine(testing::ValuesIn(kFamilies),
                                          testing::Values("0", "1", "2")),
                         [](const auto& tested) {
                           const bool v4 = std::get<0>(tested.param) == Family::kIpv4;
                           return std::string(v4 ? "IPv4" : "IPv6") + "RpFilter" +
                                  std::get<1>(tested.param);
                         });

TEST(ServicesWithoutMarks, ANodePortIsAnsweredWhereItsCallersAreHostStackNetworks) {
  EniNode scene(Shape::kRules);
  scene.routing.host_stack = {prefix("192.168.1.11/32")};
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni2, "192.168.1.31", "fd00:b::31");
  write_service(scene.node(), {Family::kIpv4, with_port(pod->v4), true});
  const base::IpAddress node_address = ip("192.168.0.10");
  EXPECT_EQ(caller_seen({scene.vpc.c(), node_address, 30080, pod->netns, pod->v4, 8080}),
            node_address);
}

}  // namespace
}  // namespace catena::enilink::test
