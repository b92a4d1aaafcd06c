// Where connections of pods on shared ENIs go, beside the all-pairs test: the cloud's services, the
// internet, their node, and services as kube-proxy writes them.
#include <algorithm>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "common/ipam/store.h"
#include "tests/chain/beyond_vpc.h"
#include "tests/chain/in_service.h"
#include "tests/chain/kube_proxy.h"
#include "tests/chain/shared_enis.h"
#include "tests/support/call.h"

namespace catena::test {
namespace {

using base::Family;
using base::IpAddress;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};

struct Shape {
  std::string routing;
  ProxyMode proxy;
  int rp_filter;
};

std::string name_of(const testing::TestParamInfo<Shape>& shape) {
  return (shape.param.routing == "marks" ? "ByMarks" : "ByRules") +
         std::string(test::name_of(shape.param.proxy)) + "Rp" +
         std::to_string(shape.param.rp_filter);
}

// A small, quick cloud: ENIs of two addresses, so that three pods need two.
json quick_scene() {
  json scene = shared_eni_scene(2);
  json& type = scene.at("instanceTypes").at(0);
  type["ipv4PerEni"] = 2;
  type["ipv6PerEni"] = 2;
  scene["delays"] = {{"attach", {10, 20}}, {"eniCall", {1, 2}}};
  return scene;
}

// Two pods on one ENI of the first node, one on another, and one pod on the second node.
class Paths : public testing::TestWithParam<Shape> {
 protected:
  Paths() : nodes_(2, quick_scene()), beyond_(nodes_.vpc_netns()) {}

  void start(const json& overrides) {
    json plugin = {{"ipFamilies", {"ipv4", "ipv6"}}, {"routing", GetParam().routing}};
    plugin.merge_patch(overrides);
    for (std::size_t i = 0; i < 2; ++i) {
      nodes_[i].netns().sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo " +
                           std::to_string(GetParam().rp_filter) + " > $f; done");
      nodes_[i].install_multiip(plugin, shared_eni_conf({{"ip_stack", "dual"}}));
    }
    {
      const std::jthread remote([this] { remote_pods_ = start_together(nodes_[1], 1); });
      pods_ = start_together(node(), 3);
    }
    ASSERT_FALSE(HasFailure());
    remote_ = remote_pods_.front().get();
    std::map<std::string, std::vector<const Pod*>> by_eni;
    for (const ipam::Record& record : ipam::Store(node().state_dir(), {}).list().value()) {
      const auto holder = std::ranges::find_if(pods_, [&](const auto& pod) {
        return std::ranges::count(pod->addresses, record.address) > 0;
      });
      if (holder != pods_.end() && record.address.is_v4()) {
        by_eni[record.pool].push_back(holder->get());
      }
    }
    ASSERT_EQ(by_eni.size(), 2U) << "three pods are not on two ENIs";
    const auto& [larger, smaller] =
        std::minmax(by_eni.begin()->second, by_eni.rbegin()->second,
                    [](const auto& a, const auto& b) { return a.size() > b.size(); });
    one_ = larger[0];
    same_eni_ = larger[1];
    other_eni_ = smaller[0];
  }

  const SimNode& node() const { return nodes_[0]; }
  static IpAddress cluster_ip(Family family) {
    return IpAddress::parse(family == Family::kIpv4 ? "10.96.0.1" : "fd00:96::1").value();
  }
  void expect(const std::string& what, const Call& call, const IpAddress& seen) const {
    const std::optional<IpAddress> caller = caller_seen(call);
    EXPECT_EQ(caller ? caller->to_string() : "cut", seen.to_string()) << what;
  }
  static Call to_pod(const ScratchNetNs& from, const Pod& pod, Family family) {
    const IpAddress address = pod.address(family).value();
    return {from, address, kBackendPort, pod.netns, address, kBackendPort};
  }
  static Call to_cluster_ip(const ScratchNetNs& from, const Pod& backend, Family family) {
    return {from,
            cluster_ip(family),
            kServicePort,
            backend.netns,
            backend.address(family).value(),
            kBackendPort};
  }
  Call to_node_port(const ScratchNetNs& from, const Pod& backend, Family family) const {
    return {from,          node().address(family),          kNodePort,
            backend.netns, backend.address(family).value(), kBackendPort};
  }
  SimNodes nodes_;
  BeyondVpc beyond_;
  Pods pods_;
  Pods remote_pods_;
  const Pod* remote_ = nullptr;
  const Pod* one_ = nullptr;
  const Pod* same_eni_ = nullptr;
  const Pod* other_eni_ = nullptr;
};

class PodPaths : public Paths {
 protected:
  void SetUp() override { start(json::object()); }
};

TEST_P(PodPaths, AreOpenToTheNodeTheCloudsServicesAndTheInternetWithThePodsOwnAddress) {
  for (const Pod* pod : {one_, other_eni_}) {
    for (const Family family : kFamilies) {
      const IpAddress address = pod->address(family).value();
      const IpAddress own = node().address(family);
      const IpAddress stranger = BeyondVpc::stranger(family);
      expect("pod to its node", {pod->netns, own, 10250, node().netns(), own, 10250}, address);
      expect("node to its pod", to_pod(node().netns(), *pod, family), own);
      expect("pod to the internet", {pod->netns, stranger, 443, beyond_.netns(), stranger, 443},
             address);
      expect("the internet to a pod", to_pod(beyond_.netns(), *pod, family), stranger);
    }
    const IpAddress service = BeyondVpc::service();
    expect("pod to a service of the cloud", {pod->netns, service, 80, beyond_.netns(), service, 80},
           pod->address(Family::kIpv4).value());
  }
  EXPECT_EQ(nodes_.spoofed(), 0);
}

INSTANTIATE_TEST_SUITE_P(, PodPaths,
                         testing::Values(Shape{"marks", ProxyMode::kIptables, 1},
                                         Shape{"rules", ProxyMode::kIptables, 2}),
                         name_of);

class Masquerading : public Paths {
 protected:
  void SetUp() override {
    start({{"masquerade", true},
           {"nonMasqueradeCIDRs", {"192.168.0.0/16", "100.64.0.0/10", "2001:db8:1234::/48"}}});
  }
};

TEST_P(Masquerading, TheInternetSeesTheNodeAndTheVpcAndTheCloudsServicesSeeThePod) {
  for (const Pod* pod : {one_, other_eni_}) {
    for (const Family family : kFamilies) {
      const IpAddress stranger = BeyondVpc::stranger(family);
      expect("pod to the internet", {pod->netns, stranger, 443, beyond_.netns(), stranger, 443},
             node().address(family));
      expect("pod to a pod elsewhere", to_pod(pod->netns, *remote_, family),
             pod->address(family).value());
    }
    const IpAddress service = BeyondVpc::service();
    expect("pod to a service of the cloud", {pod->netns, service, 80, beyond_.netns(), service, 80},
           pod->address(Family::kIpv4).value());
  }
  EXPECT_EQ(nodes_.spoofed(), 0);
}

INSTANTIATE_TEST_SUITE_P(, Masquerading, testing::Values(Shape{"marks", ProxyMode::kIptables, 1}),
                         name_of);

class ServicePaths : public Paths {
 protected:
  void SetUp() override {
    if (has_marks()) {
      start(json::object());
    } else {  // only these callers of a NodePort are answered (docs/datapath.md)
      start({{"hostStackCIDRs", {"203.0.113.0/24", "100.64.0.0/10", "2001:db8:ffff::/48"}}});
    }
  }
  static bool has_marks() { return GetParam().routing == "marks"; }

  void serve(const Pod& backend, Family family, bool keeps_caller = false) const {
    for (std::size_t i = 0; i < 2; ++i) {
      write_service(nodes_[i].netns(), GetParam().proxy,
                    {cluster_ip(family), backend.address(family).value(), keeps_caller});
    }
  }
  void try_cluster_ip(Family family) const;
  void try_node_port_from_beyond(Family family) const;
  void try_node_port_from_the_vpc(Family family) const;
};

void ServicePaths::try_cluster_ip(Family family) const {
  for (const Pod* backend : {same_eni_, other_eni_, remote_}) {
    serve(*backend, family);
    expect("pod to a service", to_cluster_ip(one_->netns, *backend, family),
           one_->address(family).value());
    expect("node to a service", to_cluster_ip(node().netns(), *backend, family),
           node().address(family));
  }
  serve(*other_eni_, family);
  expect("pod to itself by a service", to_cluster_ip(other_eni_->netns, *other_eni_, family),
         node().address(family));
  if (has_marks()) {
    write_service(node().netns(), GetParam().proxy,
                  {.cluster_ip = cluster_ip(family),
                   .backend = remote_->address(family).value(),
                   .masquerade_all = true});
    expect("pod to a service, all masqueraded", to_cluster_ip(one_->netns, *remote_, family),
           node().address(family));
  }
}

void ServicePaths::try_node_port_from_beyond(Family family) const {
  for (const Pod* backend : {one_, other_eni_, remote_}) {
    serve(*backend, family);
    expect("stranger to a NodePort", to_node_port(beyond_.netns(), *backend, family),
           node().address(family));
  }
  for (const Pod* backend : {one_, other_eni_}) {
    serve(*backend, family, true);
    expect("stranger to a NodePort that keeps the caller",
           to_node_port(beyond_.netns(), *backend, family), BeyondVpc::stranger(family));
  }
}

void ServicePaths::try_node_port_from_the_vpc(Family family) const {
  for (const Pod* backend : {same_eni_, other_eni_}) {
    serve(*backend, family);
    expect("another node", to_node_port(nodes_[1].netns(), *backend, family),
           node().address(family));
    expect("pod of another node", to_node_port(remote_->netns, *backend, family),
           node().address(family));
    expect("pod of this node", to_node_port(one_->netns, *backend, family), node().address(family));
  }
}

TEST_P(ServicePaths, ClusterIpsAndNodePortsLeadToBackendsOnTheNodeAndElsewhere) {
  for (const Family family : kFamilies) {
    try_cluster_ip(family);
    try_node_port_from_beyond(family);
    if (has_marks()) {
      try_node_port_from_the_vpc(family);
    }
  }
  beyond_.call_as(BeyondVpc::service());
  serve(*other_eni_, Family::kIpv4, true);
  expect("a load balancer of the cloud", to_node_port(beyond_.netns(), *other_eni_, Family::kIpv4),
         BeyondVpc::service());
  EXPECT_EQ(nodes_.spoofed(), 0);
}

std::vector<Shape> service_shapes() {
  std::vector<Shape> shapes = {{"marks", ProxyMode::kIptablesLegacy, 0},
                               {"marks", ProxyMode::kNftables, 1},
                               {"rules", ProxyMode::kIptables, 1},
                               {"rules", ProxyMode::kNftables, 2}};
  if (is_full_run()) {
    shapes.push_back({"marks", ProxyMode::kIptables, 2});
    shapes.push_back({"rules", ProxyMode::kIptablesLegacy, 0});
  }
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(, ServicePaths, testing::ValuesIn(service_shapes()), name_of);

}  // namespace
}  // namespace catena::test
