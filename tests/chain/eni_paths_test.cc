// Where the packets of pods with an ENI of their own go: to pods of every kind, to nodes, to and
// from services as kube-proxy writes them.
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/chain/beyond_vpc.h"
#include "tests/chain/kube_proxy.h"
#include "tests/chain/own_enis.h"
#include "tests/support/call.h"

namespace catena::test {
namespace {

using base::Family;
using base::IpAddress;

constexpr Family kFamilies[] = {Family::kIpv4, Family::kIpv6};

json multiip_plugin(const SimNode& node) {
  return {{"type", "catena-multiip"},
          {"stateDir", node.state_dir()},
          {"eniConf", node.eni_conf()},
          {"ipFamilies", {"ipv4", "ipv6"}},
          {"logFile", node.log_file()}};
}

json vpc_route_plugin(const SimNode& node) {
  return {{"type", "catena-vpc-route"},
          {"stateDir", node.state_dir()},
          {"podCIDRs", {node.cidr()}},
          {"manageRoute", true},
          {"logFile", node.log_file()}};
}

// On the first node two pods with an ENI of their own and one on a shared one; on the second one
// with an ENI of its own and one of the node's podCIDR. `rp_filter` is that of all pods and of both
// primary NICs.
class OwnEnis {
 public:
  explicit OwnEnis(int rp_filter) : nodes_(2, own_eni_scene(2, 5)), rp_filter_(rp_filter) {
    for (std::size_t i = 0; i < 2; ++i) {
      set_rp_filter(nodes_[i].netns());
    }
    install_own_enis(nodes_[0], multiip_plugin(nodes_[0]));
    install_own_enis(nodes_[1], vpc_route_plugin(nodes_[1]));
    const std::jthread second([this] {
      start("own ENI, second node", nodes_[1], asking());
      start("podCIDR, second node", nodes_[1], {});
    });
    start("own ENI", nodes_[0], asking());
    start("another own ENI", nodes_[0], asking());
    start("shared ENI", nodes_[0], {});
  }

  const SimNodes& nodes() const { return nodes_; }
  const Pod& pod(const std::string& name) const { return *pods_.at(name); }
  const std::map<std::string, std::unique_ptr<Pod>>& pods() const { return pods_; }

 private:
  void set_rp_filter(const ScratchNetNs& netns) const {
    netns.sh("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo " + std::to_string(rp_filter_) +
             " > $f; done");
  }
  void start(const std::string& name, const SimNode& node, const PodOptions& options) {
    auto pod = std::make_unique<Pod>();
    set_rp_filter(pod->netns);
    pod->addresses = node.add_all(pod->netns, options);
    const std::lock_guard lock(mutex_);
    pods_[name] = std::move(pod);
  }

  SimNodes nodes_;
  int rp_filter_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Pod>> pods_;
};

struct Place {
  std::string name;
  const ScratchNetNs& netns;
  IpAddress address;
};

class OwnEniPaths : public testing::TestWithParam<int> {
 protected:
  std::vector<Place> places(Family family) const {
    std::vector<Place> all;
    for (std::size_t i = 0; i < 2; ++i) {
      all.push_back({i == 0 ? "first node" : "second node", scene_.nodes()[i].netns(),
                     scene_.nodes()[i].address(family)});
    }
    for (const auto& [name, pod] : scene_.pods()) {
      if (const auto address = pod->address(family); address.has_value()) {
        all.push_back({name, pod->netns, *address});
      }
    }
    return all;
  }

  OwnEnis scene_{GetParam()};
};

TEST_P(OwnEniPaths, PodsOfEveryKindAndNodesReachEachOther) {
  ASSERT_FALSE(HasFailure());
  for (const Family family : kFamilies) {
    const std::vector<Place> all = places(family);
    for (const Place& from : all) {
      for (const Place& to : all) {
        if (&from == &to) {
          continue;
        }
        const auto seen = caller_seen({from.netns, to.address, 8080, to.netns, to.address, 8080});
        EXPECT_EQ(seen ? seen->to_string() : "cut", from.address.to_string())
            << from.name << " -> " << to.name;
      }
    }
  }
  EXPECT_EQ(scene_.nodes().spoofed(), 0);
}

INSTANTIATE_TEST_SUITE_P(RpFilter, OwnEniPaths, testing::Values(0, 1, 2),
                         testing::PrintToStringParamName());

struct Proxy {
  ProxyMode mode;
  int rp_filter;
};

class OwnEniServices : public testing::TestWithParam<Proxy> {
 protected:
  static IpAddress cluster_ip(Family family) {
    return IpAddress::parse(family == Family::kIpv4 ? "10.96.0.1" : "fd00:96::1").value();
  }
  const SimNode& node() const { return scene_.nodes()[0]; }
  void serve(const Pod& backend, Family family, bool keeps_caller = false) const {
    for (std::size_t i = 0; i < 2; ++i) {
      write_service(scene_.nodes()[i].netns(), GetParam().mode,
                    {cluster_ip(family), backend.address(family).value(), keeps_caller});
    }
  }
  static std::string seen_through_cluster_ip(const ScratchNetNs& from, const Pod& backend,
                                             Family family) {
    return text(caller_seen({from, cluster_ip(family), kServicePort, backend.netns,
                             backend.address(family).value(), kBackendPort}));
  }
  std::string seen_through_node_port(const ScratchNetNs& from, const Pod& backend,
                                     Family family) const {
    return text(caller_seen({from, node().address(family), kNodePort, backend.netns,
                             backend.address(family).value(), kBackendPort}));
  }
  static std::string text(const std::optional<IpAddress>& seen) {
    return seen ? seen->to_string() : "cut";
  }

  void try_cluster_ip() const;
  void try_node_port() const;

  OwnEnis scene_{GetParam().rp_filter};
  BeyondVpc beyond_{scene_.nodes().vpc_netns()};
};

// What the node forwards for such a pod out of a NIC, or into it after DNAT, has the node's
// address: the VPC takes nothing else (docs/datapath.md).
void OwnEniServices::try_cluster_ip() const {
  const Pod& caller = scene_.pod("own ENI");
  for (const Family family : kFamilies) {
    for (const char* name : {"shared ENI", "another own ENI", "own ENI, second node"}) {
      const Pod& backend = scene_.pod(name);
      serve(backend, family);
      EXPECT_NE(seen_through_cluster_ip(caller.netns, backend, family), "cut") << name;
      EXPECT_NE(seen_through_cluster_ip(node().netns(), backend, family), "cut")
          << "from the node to " << name;
    }
    serve(caller, family);
    for (const char* name : {"own ENI", "another own ENI", "shared ENI"}) {
      EXPECT_NE(seen_through_cluster_ip(scene_.pod(name).netns, caller, family), "cut")
          << name << " to a pod with an ENI of its own";
    }
  }
  serve(scene_.pod("podCIDR, second node"), Family::kIpv4);
  EXPECT_EQ(
      seen_through_cluster_ip(caller.netns, scene_.pod("podCIDR, second node"), Family::kIpv4),
      node().address(Family::kIpv4).to_string());
}

void OwnEniServices::try_node_port() const {
  const Pod& backend = scene_.pod("own ENI");
  for (const Family family : kFamilies) {
    for (const bool keeps_caller : {false, true}) {
      serve(backend, family, keeps_caller);
      const std::string own = node().address(family).to_string();
      const std::string how = keeps_caller ? "Local" : "Cluster";
      EXPECT_EQ(seen_through_node_port(beyond_.netns(), backend, family), own)
          << "a stranger, " << how;
      EXPECT_EQ(seen_through_node_port(scene_.nodes()[1].netns(), backend, family), own)
          << "another node, " << how;
      EXPECT_EQ(seen_through_node_port(scene_.pod("own ENI, second node").netns, backend, family),
                own)
          << "a pod of another node, " << how;
      EXPECT_NE(seen_through_node_port(scene_.pod("shared ENI").netns, backend, family), "cut")
          << "a pod of this node, " << how;
      EXPECT_NE(seen_through_node_port(scene_.pod("another own ENI").netns, backend, family), "cut")
          << "a pod of this node with an ENI of its own, " << how;
    }
  }
  beyond_.call_as(BeyondVpc::service());
  EXPECT_EQ(seen_through_node_port(beyond_.netns(), backend, Family::kIpv4),
            node().address(Family::kIpv4).to_string())
      << "a load balancer of the cloud";
}

TEST_P(OwnEniServices, ClusterIpsAndNodePortsLeadFromThePodAndIntoIt) {
  ASSERT_FALSE(HasFailure());
  try_cluster_ip();
  try_node_port();
  EXPECT_EQ(scene_.nodes().spoofed(), 0);
}

INSTANTIATE_TEST_SUITE_P(, OwnEniServices,
                         testing::Values(Proxy{ProxyMode::kIptables, 1},
                                         Proxy{ProxyMode::kNftables, 0}),
                         [](const auto& proxy) {
                           return std::string(name_of(proxy.param.mode)) + "Rp" +
                                  std::to_string(proxy.param.rp_filter);
                         });

}  // namespace
}  // namespace catena::test
