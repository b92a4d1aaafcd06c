#include "tests/kernel/firewall/scene.h"

#include <gtest/gtest.h>

namespace catena::firewall::test {
namespace {

using catena::test::kLongEnough;
using catena::test::kUntilItComes;
using catena::test::Probe;

constexpr const char* kHostMac = "02:00:00:00:00:01";

void prepare(const Place& place) {
  place.netns.sh(
      "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad;"
      "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter;"
      "echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter");
}

void forward(const Place& place) {
  place.netns.sh(
      "echo 1 > /proc/sys/net/ipv4/ip_forward;"
      "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
}

// A veth from the node to `place`, whose end is eth0.
void link_to(const Place& node, const Place& place) {
  node.netns.sh("ip link add " + place.if_name + " address " + kHostMac +
                " type veth peer name eth0 netns " + place.netns.path() + " && ip link set " +
                place.if_name + " up");
  place.netns.sh("ip link set eth0 up");
}

void connect_pod(const Place& node, const Place& pod) {
  link_to(node, pod);
  const std::string v4 = pod.v4.to_string();
  const std::string v6 = pod.v6.to_string();
  node.netns.sh("ip addr add fe80::1/64 dev " + pod.if_name + " && ip route add " + v4 + " dev " +
                pod.if_name + " src " + node.v4.to_string() + " && ip route add " + v6 + " dev " +
                pod.if_name + " src " + node.v6.to_string());
  pod.netns.sh("ip addr add " + v4 + "/32 dev eth0 && ip addr add " + v6 +
               "/128 dev eth0 && ip route add 169.254.1.1 dev eth0 scope link"
               " && ip neigh add 169.254.1.1 lladdr " +
               kHostMac + " dev eth0 nud permanent && ip neigh add fe80::1 lladdr " + kHostMac +
               " dev eth0 nud permanent && ip route add default via 169.254.1.1"
               " && ip route add default via fe80::1 dev eth0");
}

bool passes(const Place& from, const Place& to, base::Family family,
            std::chrono::milliseconds patience) {
  const Probe probe{from.netns, address_of(from, family), to.netns, address_of(to, family),
                    patience};
  const bool udp = catena::test::udp_probe(probe).has_value();
  const bool tcp = catena::test::tcp_probe(probe).has_value();
  EXPECT_EQ(udp, tcp) << "UDP and TCP fare differently";
  return udp && tcp;
}

}  // namespace

Scene::Scene()
    : node{{}, ip("192.0.2.1"), ip("fd00:2::1"), ""},
      pod_a{{}, ip("10.1.0.1"), ip("fd00:1::1"), "ctnaaaaaaaaaaaa"},
      pod_b{{}, ip("10.1.0.2"), ip("fd00:1::2"), "ctnbbbbbbbbbbbb"},
      outside{{}, ip("192.0.2.2"), ip("fd00:2::2"), "up0"} {
  for (const Place* place : {&node, &pod_a, &pod_b, &outside}) {
    prepare(*place);
  }
  forward(node);
  link_to(node, outside);
  node.netns.sh(
      "ip addr add 192.0.2.1/24 dev up0 && ip addr add fd00:2::1/64 dev up0"
      " && ip route add 198.51.100.0/24 via 192.0.2.2 && ip route add fd00:9::/64 via fd00:2::2");
  outside.netns.sh(
      "ip addr add 192.0.2.2/24 dev eth0 && ip addr add fd00:2::2/64 dev eth0"
      " && ip addr add 198.51.100.7/32 dev lo && ip addr add fd00:9::7/128 dev lo"
      " && ip route add 10.1.0.0/24 via 192.0.2.1 && ip route add fd00:1::/64 via fd00:2::1");
  connect_pod(node, pod_a);
  connect_pod(node, pod_b);
}

void Scene::at_node(const std::function<void(Table&)>& work) const {
  node.netns.run([&work] {
    base::Result<Table> table = Table::open();
    ASSERT_TRUE(table.ok()) << table.error().text();
    work(*table);
  });
}

std::vector<Entry> Scene::entries_of(const Place& place) {
  return {{place.if_name, place.v4}, {place.if_name, place.v6}};
}

bool open(const Place& from, const Place& to, base::Family family) {
  return passes(from, to, family, kUntilItComes);
}

bool closed(const Place& from, const Place& to, base::Family family) {
  return !passes(from, to, family, kLongEnough);
}

}  // namespace catena::firewall::test
