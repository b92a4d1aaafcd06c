// Pods on two nodes of a simulated VPC, carried by route entries that Catena makes.
#include <algorithm>
#include <array>
#include <cstdio>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/chain/sim_nodes.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

constexpr std::size_t kPodsANode = 50;

struct Pod {
  ScratchNetNs netns;
  base::IpAddress address;
};

using Pods = std::vector<std::unique_ptr<Pod>>;

Pods start_pods(const SimNode& node, std::size_t count) {
  Pods pods;
  for (std::size_t i = 0; i < count; ++i) {
    pods.push_back(std::make_unique<Pod>());
    pods.back()->address = node.add(pods.back()->netns);
  }
  return pods;
}

std::optional<base::IpAddress> arrives(const Pod& from, const Pod& to,
                                       std::chrono::milliseconds patience = kUntilItComes) {
  return udp_probe({from.netns, from.address, to.netns, to.address, patience});
}

// The pairs between which a datagram does not arrive, or not from the pod's own address.
std::vector<std::string> cut_pairs(const Pods& pods) {
  std::vector<base::UniqueFd> sockets;
  for (const auto& pod : pods) {
    sockets.push_back(udp_socket(pod->netns, pod->address));
  }
  std::vector<std::string> cut;
  for (std::size_t from = 0; from < pods.size(); ++from) {
    for (std::size_t to = 0; to < pods.size(); ++to) {
      if (from == to) {
        continue;
      }
      pollfd waiting{sockets[to].get(), POLLIN, 0};
      std::array<char, 16> data{};
      if (!send_to_socket(sockets[from], sockets[to]) || ::poll(&waiting, 1, 1'000) != 1 ||
          ::recv(sockets[to].get(), data.data(), data.size(), 0) != 5) {
        cut.push_back(pods[from]->address.to_string() + " -> " + pods[to]->address.to_string());
      }
    }
  }
  return cut;
}

TEST(TwoNodes, FiftyPodsEachReachAllOthersByTheRouteEntriesThatAddMade) {
  const SimNodes nodes(2);
  Pods pods;
  std::array<Pods, 2> started;
  {
    std::array<std::jthread, 2> threads;
    for (std::size_t i = 0; i < 2; ++i) {
      nodes[i].install({{"manageRoute", true}});
      threads[i] = std::jthread([&, i] { started[i] = start_pods(nodes[i], kPodsANode); });
    }
  }
  for (Pods& some : started) {
    std::ranges::move(some, std::back_inserter(pods));
  }
  ASSERT_FALSE(testing::Test::HasFailure());
  const std::vector<std::string> cut = cut_pairs(pods);
  EXPECT_TRUE(cut.empty()) << cut.size() << " pairs, the first " << cut.front();
  std::printf("%zu pods, %zu pairs tried\n", pods.size(), pods.size() * (pods.size() - 1));
}

class TwoNodesOneRoute : public testing::Test {
 protected:
  TwoNodesOneRoute() {
    for (std::size_t i = 0; i < 2; ++i) {
      nodes_[i].install({{"manageRoute", true}});
      pods_.push_back(std::move(start_pods(nodes_[i], 1).front()));
    }
  }
  const Pod& here() const { return *pods_[0]; }
  const Pod& there() const { return *pods_[1]; }
  const SimNode& node() const { return nodes_[1]; }

  SimNodes nodes_{2};
  Pods pods_;
};

TEST_F(TwoNodesOneRoute, ASpoofedSourceIsDroppedByTheVpc) {
  ASSERT_EQ(arrives(here(), there()), here().address);
  // From the node itself, past the guard of its pods: with an address of the other node's podCIDR,
  // and with one of nobody's.
  for (const char* source : {"172.30.2.77", "10.1.2.3"}) {
    EXPECT_EQ(udp_probe({nodes_[0].netns(), base::IpAddress::parse(source).value(), there().netns,
                         there().address, kLongEnough}),
              std::nullopt)
        << source;
  }
  EXPECT_EQ(arrives(here(), there()), here().address);
}

TEST_F(TwoNodesOneRoute, RemovedRouteEntryCutsThePodsAndEnsureMendsThem) {
  ASSERT_EQ(arrives(here(), there()), here().address);
  const Outcome removed = node().agent({"route.remove", "--cidr", node().cidr()});
  ASSERT_EQ(removed.exit_status, 0) << removed.err;
  EXPECT_EQ(arrives(here(), there(), kLongEnough), std::nullopt);
  const Outcome missing = node().cnitool("check", there().netns);
  EXPECT_NE(missing.exit_status, 0) << "CHECK does not see that the route entry is gone";

  const Outcome ensured = node().agent({"route.ensure", "--cidr", node().cidr()});
  ASSERT_EQ(ensured.exit_status, 0) << ensured.err;
  EXPECT_EQ(arrives(here(), there()), here().address);
  EXPECT_EQ(arrives(there(), here()), there().address);
  const Outcome whole = node().cnitool("check", there().netns);
  EXPECT_EQ(whole.exit_status, 0) << whole.out << whole.err;
}

}  // namespace
}  // namespace catena::test
