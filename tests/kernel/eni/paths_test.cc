// Where the packets of a pod with an ENI of its own go, beside pods of every other kind and behind
// services as kube-proxy writes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"
#include "tests/support/call.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

using base::Family;
using base::IpAddress;
using nlohmann::json;

constexpr int kBackendPort = 8080;
constexpr int kNodePort = 30080;

struct Service {
  IpAddress backend;
  bool masquerade = false;  // kube-proxy's 0x4000
};

void write_service(const ScratchNetNs& node, const Service& service) {
  const bool v4 = service.backend.is_v4();
  const std::string ip = v4 ? "ip" : "ip6";
  const std::string text = service.backend.to_string();
  const std::string to =
      std::string(service.masquerade ? "meta mark set meta mark or 0x4000 " : "") + "dnat to " +
      (v4 ? text : "[" + text + "]") + ":8080; ";
  const std::string cluster = ip + " daddr " + (v4 ? "10.96.0.1" : "fd00:96::1") + " tcp dport 80 ";
  const std::string port =
      ip + " daddr " + (v4 ? "192.168.0.10" : "fd00:a::10") + " tcp dport 30080 ";
  const std::string rules = cluster + to + port + to;
  node.sh("nft 'table " + ip +
          " kube-proxy { chain pre { type nat hook prerouting priority -100; " + rules +
          "}; chain out { type nat hook output priority -100; " + rules +
          "}; chain post { type nat hook postrouting priority 100;"
          " meta mark & 0x4000 == 0x4000 masquerade fully-random; }; }'");
}

struct Party {
  const char* name;
  const ScratchNetNs* netns;
  IpAddress address;
};

class Paths : public testing::TestWithParam<std::tuple<Family, const char*>> {
 protected:
  Paths() : scene({.all_rp_filter = std::get<1>(GetParam())}) {}

  Family family() const { return std::get<0>(GetParam()); }
  bool v4() const { return family() == Family::kIpv4; }
  IpAddress pick(const char* ipv4, const char* ipv6) const { return ip(v4() ? ipv4 : ipv6); }
  json keys() const {
    return {{"ipFamilies", {v4() ? "ipv4" : "ipv6"}},
            {"serviceCIDRs", {v4() ? "10.96.0.0/16" : "fd00:96::/112"}}};
  }
  // Its own parameters are as its sandbox came with them.
  Party own(const ScratchNetNs& pod, const std::string& container) const {
    pod.sh("sysctl -qw net.ipv4.conf.all.rp_filter=" + std::string(std::get<1>(GetParam())) +
           " net.ipv4.conf.default.rp_filter=" + std::get<1>(GetParam()));
    return {"a pod with an ENI of its own", &pod,
            ip(address_of(scene.add(pod, container, keys())))};
  }
  Party shared(const ScratchNetNs& pod, const std::string& plugin) const {
    return {"a pod behind the node", &pod,
            ip(address_of(scene.add_shared(plugin, pod, "pod-" + plugin, v4())))};
  }
  IpAddress node_address() const { return pick("192.168.0.10", "fd00:a::10"); }
  IpAddress stranger() const { return pick("192.168.1.11", "fd00:b::11"); }
  IpAddress cluster_ip() const { return pick("10.96.0.1", "fd00:96::1"); }

  std::optional<IpAddress> cluster_call(const ScratchNetNs& from, const Party& to) const {
    return caller_seen({from, cluster_ip(), 80, *to.netns, to.address, kBackendPort});
  }

  OwnEniNode scene;
  ScratchNetNs a;
  ScratchNetNs b;
};

TEST_P(Paths, PairsOfOneNodeReachEachOtherByTheirOwnAddresses) {
  const Party first = own(a, "pod-a");
  for (const char* plugin : {"catena-multiip", "catena-vpc-route"}) {
    const ScratchNetNs netns;
    const Party other = shared(netns, plugin);
    ASSERT_FALSE(HasFailure());
    EXPECT_EQ(tcp_probe({*first.netns, first.address, *other.netns, other.address}), first.address)
        << plugin;
    EXPECT_EQ(tcp_probe({*other.netns, other.address, *first.netns, first.address}), other.address)
        << plugin;
  }
  const Party second = own(b, "pod-b");
  EXPECT_EQ(tcp_probe({a, first.address, b, second.address}), first.address);
  EXPECT_EQ(tcp_probe({b, second.address, a, first.address}), second.address);
}

TEST_P(Paths, TheNodeAndItsPodReachEachOther) {
  const Party pod = own(a, "pod-a");
  EXPECT_EQ(tcp_probe({scene.node(), node_address(), a, pod.address}), node_address());
  EXPECT_EQ(tcp_probe({a, pod.address, scene.node(), node_address()}), pod.address);
}

TEST_P(Paths, AServiceIsReachedThroughVeth1WhereverItsBackendIs) {
  const Party pod = own(a, "pod-a");
  for (const char* plugin : {"catena-multiip", "catena-vpc-route"}) {
    for (const bool masquerade : {false, true}) {
      const ScratchNetNs netns;
      const Party backend = shared(netns, plugin);
      write_service(scene.node(), {backend.address, masquerade});
      const auto seen = cluster_call(a, backend);
      EXPECT_TRUE(seen.has_value()) << plugin << masquerade;
      if (!masquerade) {
        EXPECT_EQ(seen, pod.address) << "a backend on the node sees the pod";
      }
      scene.node().sh(std::string("nft delete table ") + (v4() ? "ip" : "ip6") + " kube-proxy");
      scene.del_shared(plugin, netns, "pod-" + std::string(plugin));
    }
  }
  write_service(scene.node(), {stranger()});
  EXPECT_EQ(cluster_call(a, {"another node", &scene.vpc.c(), stranger()}), node_address());
}

TEST_P(Paths, AServiceLeadsToAnotherPodOfItsKindAndToItself) {
  const Party pod = own(a, "pod-a");
  const Party other = own(b, "pod-b");
  write_service(scene.node(), {other.address});
  EXPECT_TRUE(cluster_call(a, other).has_value());
  scene.node().sh(std::string("nft delete table ") + (v4() ? "ip" : "ip6") + " kube-proxy");
  write_service(scene.node(), {pod.address, true});
  EXPECT_TRUE(cluster_call(a, pod).has_value()) << "hairpin";
}

TEST_P(Paths, AServiceThatLeadsToThePodIsReachedFromEverywhere) {
  const Party pod = own(a, "pod-a");
  for (const bool masquerade : {false, true}) {
    write_service(scene.node(), {pod.address, masquerade});
    for (const char* plugin : {"catena-multiip", "catena-vpc-route"}) {
      const ScratchNetNs netns;
      const Party caller = shared(netns, plugin);
      const auto seen = cluster_call(netns, pod);
      EXPECT_EQ(seen, masquerade ? node_address() : caller.address) << plugin << masquerade;
      scene.del_shared(plugin, netns, "pod-" + std::string(plugin));
    }
    EXPECT_EQ(cluster_call(scene.node(), pod), node_address()) << "a process of the node";
    EXPECT_EQ(caller_seen({scene.vpc.c(), node_address(), kNodePort, a, pod.address, kBackendPort}),
              node_address())
        << "NodePort";
    scene.node().sh(std::string("nft delete table ") + (v4() ? "ip" : "ip6") + " kube-proxy");
  }
}

TEST_P(Paths, ANodePortOfTheNodeIsReachedByItsOwnPod) {
  const Party pod = own(a, "pod-a");
  const Party backend = shared(b, "catena-multiip");
  write_service(scene.node(), {backend.address, true});
  EXPECT_TRUE(
      caller_seen({a, node_address(), kNodePort, b, backend.address, kBackendPort}).has_value());
  EXPECT_EQ(pod.netns, &a);
}

TEST_P(Paths, AnAddressOfTheHostStackIsReachedThroughTheNode) {
  json with_dns = keys();
  with_dns["hostStackCIDRs"] = {v4() ? "169.254.20.10/32" : "fd00:20::10/128"};
  const IpAddress dns = pick("169.254.20.10", "fd00:20::10");
  scene.node().sh("ip addr add " + dns.to_string() + (v4() ? "/32" : "/128 nodad") +
                  " dev lo; until ip route get " + dns.to_string() +
                  " | grep -q ^local; do sleep 0.01; done");
  const IpAddress pod = ip(address_of(scene.add(a, "pod-a", with_dns)));
  EXPECT_EQ(tcp_probe({a, pod, scene.node(), dns}), pod);
}

INSTANTIATE_TEST_SUITE_P(FamiliesAndRpFilters, Paths,
                         testing::Combine(testing::Values(Family::kIpv4, Family::kIpv6),
                                          testing::Values("0", "1", "2")),
                         [](const auto& tested) {
                           const bool v4 = std::get<0>(tested.param) == Family::kIpv4;
                           return std::string(v4 ? "IPv4" : "IPv6") + "RpFilter" +
                                  std::get<1>(tested.param);
                         });

}  // namespace
}  // namespace catena::test
