// Pods with addresses of shared ENIs on nodes of a simulated VPC: catena-multiip by the real
// cnitool, growing through the real catena-agent.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include <gmock/gmock.h>

#include "tests/chain/shared_enis.h"
#include "tests/support/paths.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

using base::Family;
using base::IpAddress;

struct Stand {
  std::string name;
  base::UniqueFd socket;
};

// The pairs between which a datagram does not arrive.
std::vector<std::string> cut_pairs(const std::vector<Stand>& stands) {
  std::vector<std::string> cut;
  for (const Stand& from : stands) {
    for (const Stand& to : stands) {
      if (&from == &to) {
        continue;
      }
      pollfd waiting{to.socket.get(), POLLIN, 0};
      std::array<char, 16> data{};
      if (!send_to_socket(from.socket, to.socket) || ::poll(&waiting, 1, 1'000) != 1 ||
          ::recv(to.socket.get(), data.data(), data.size(), 0) <= 0) {
        cut.push_back(from.name + " -> " + to.name);
      }
    }
  }
  return cut;
}

struct Shape {
  std::string name;
  std::vector<std::string> families;
  std::string routing;
  int rp_filter;
};

std::vector<Family> families_of(const Shape& shape) {
  std::vector<Family> families;
  std::ranges::transform(shape.families, std::back_inserter(families), [](const auto& name) {
    return name == "ipv4" ? Family::kIpv4 : Family::kIpv6;
  });
  return families;
}

class SharedEnis : public testing::TestWithParam<Shape> {
 protected:
  SharedEnis() : nodes_(2, shared_eni_scene(2)) {
    for (std::size_t i = 0; i < 2; ++i) {
      nodes_[i].netns().sh("sysctl -qw net.ipv4.conf.all.rp_filter=" +
                           std::to_string(GetParam().rp_filter));
      nodes_[i].install_multiip(
          {{"ipFamilies", GetParam().families}, {"routing", GetParam().routing}},
          shared_eni_conf({{"ip_stack", GetParam().families.back() == "ipv4" ? "ipv4" : "dual"}}));
    }
  }

  std::vector<Stand> stands(Family family) const {
    std::vector<Stand> all;
    for (std::size_t i = 0; i < 2; ++i) {
      const IpAddress own = nodes_[i].address(family);
      all.push_back({"node " + own.to_string(), udp_socket(nodes_[i].netns(), own)});
      for (const auto& pod : pods_[i]) {
        const std::optional<IpAddress> address = pod->address(family);
        EXPECT_TRUE(address.has_value()) << "a pod has no address of this family";
        if (address.has_value()) {
          all.push_back({"pod " + address->to_string(), udp_socket(pod->netns, *address)});
        }
      }
    }
    return all;
  }

  SimNodes nodes_;
  std::array<Pods, 2> pods_;
};

TEST_P(SharedEnis, AllPodsAndNodesReachEachOther) {
  {
    std::array<std::jthread, 2> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      threads[i] = std::jthread([&, i] { pods_[i] = start_together(nodes_[i], kPodsANode); });
    }
  }
  ASSERT_FALSE(testing::Test::HasFailure());
  for (const Family family : families_of(GetParam())) {
    const std::vector<Stand> all = stands(family);
    const std::vector<std::string> cut = cut_pairs(all);
    EXPECT_TRUE(cut.empty()) << cut.size() << " pairs: " << testing::PrintToString(cut);
    std::printf("%zu pods and nodes, %zu pairs tried\n", all.size(), all.size() * (all.size() - 1));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    stop(nodes_[i], pods_[i]);
    EXPECT_EQ(nodes_[i].netns().sh("ip -o link | grep ctn; ip route show table all proto 202 | "
                                   "grep ctn; true"),
              "");
  }
}

INSTANTIATE_TEST_SUITE_P(, SharedEnis,
                         testing::Values(Shape{"Ipv4ByMarksRp0", {"ipv4"}, "marks", 0},
                                         Shape{"Ipv4ByMarksRp1", {"ipv4"}, "marks", 1},
                                         Shape{"Ipv4ByMarksRp2", {"ipv4"}, "marks", 2},
                                         Shape{"Ipv6ByMarks", {"ipv6"}, "marks", 2},
                                         Shape{"DualStackByMarks", {"ipv4", "ipv6"}, "marks", 1},
                                         Shape{"Ipv4ByRulesRp1", {"ipv4"}, "rules", 1},
                                         Shape{"Ipv6ByRules", {"ipv6"}, "rules", 0},
                                         Shape{"DualStackByRules", {"ipv4", "ipv6"}, "rules", 2}),
                         [](const auto& shape) { return shape.param.name; });

// A cloud that can be told to refuse everything.
class OneNode : public testing::Test {
 protected:
  OneNode() : nodes_(1, shared_eni_scene(1)) {
    node().install_multiip(json::object(), shared_eni_conf());
  }
  const SimNode& node() const { return nodes_[0]; }
  void take_the_cloud_away() const { nodes_.ctl({"fault", "what=refused", "count=-1"}); }

  SimNodes nodes_;
};

TEST_F(OneNode, TwelvePodsAtOnceOnAnEmptyNodeShareTheCallsThatMakeRoomForThem) {
  const Pods pods = start_together(node(), kPodsANode);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(carried_out(nodes_, "CreateNetworkInterface"), 2);
  EXPECT_LE(carried_out(nodes_, "AssignPrivateIpAddresses"), 2);
}

TEST_F(OneNode, AWarmNodeStartsAndStopsAHundredPodsWithTheCloudAwayAndNoAgent) {
  stop(node(), start_together(node(), kPodsANode));
  ASSERT_FALSE(HasFailure());
  node().install_multiip({{"coolSeconds", 0}}, shared_eni_conf());
  take_the_cloud_away();
  for (int i = 0; i < 100; ++i) {
    const ScratchNetNs pod;
    const std::vector<IpAddress> addresses = node().add_all(pod);
    ASSERT_EQ(addresses.size(), 1U) << "pod " << i;
    const Outcome deleted = node().cnitool("del", pod);
    ASSERT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err;
  }
}

TEST_F(OneNode, APodBeyondTheLimitsOfTheInstanceIsToldWhichAndTryAgainLater) {
  Pods pods = start_together(node(), kPodsANode);
  ASSERT_FALSE(HasFailure());
  const ScratchNetNs one_more;
  const Outcome refused = node().cnitool("add", one_more);
  EXPECT_NE(refused.exit_status, 0);
  EXPECT_THAT(refused.out + refused.err, testing::HasSubstr("test.three-by-six"));
  const Outcome gone = node().cnitool("del", pods.front()->netns);
  ASSERT_EQ(gone.exit_status, 0) << gone.out << gone.err;
}

TEST_F(OneNode, ANewPodOfTheShippedConflistReachesThePeerAndLeavesNothing) {
  std::ifstream file(source_dir() + "/conflist/multiip.conflist");
  json conflist = json::parse(file);
  for (json& plugin : conflist["plugins"]) {
    if (plugin.contains("stateDir")) {
      plugin["stateDir"] = node().state_dir();
    }
    if (plugin.contains("ipFamilies")) {
      plugin["eniConf"] = node().eni_conf();
    }
  }
  node().install_chain(conflist.at("plugins"));
  const Pods pods = start_together(node(), 2);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(udp_probe({pods[0]->netns, pods[0]->addresses.at(0), pods[1]->netns,
                       pods[1]->addresses.at(0), kUntilItComes}),
            pods[0]->addresses.at(0));
  stop(node(), pods);
  EXPECT_EQ(node().netns().sh("ip -o link | grep ctn; true"), "");
}

}  // namespace
}  // namespace catena::test
