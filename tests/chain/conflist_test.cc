// Every conflist of conflist/ that needs no cloud, with Debian's bandwidth and portmap behind ours.
#include <algorithm>
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>

#include "tests/chain/chain_node.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

std::vector<std::string> shipped_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/conflist")) {
    // The node of this test has no ENIs.
    const bool needs_enis = entry.path().filename() != "vpc.conflist";
    if (entry.path().extension() == ".conflist" && !needs_enis) {
      files.push_back(entry.path().filename());
    }
  }
  std::ranges::sort(files);
  return files;
}

class Shipped : public testing::TestWithParam<std::string> {
 protected:
  Shipped() {
    const json conflist = node_.shipped(GetParam());
    node_.install(conflist);
    network_ = conflist.at("name");
  }
  ChainNode node_;
  std::string network_;
};

TEST_P(Shipped, StartsPodsThatReachEachOtherAndLeavesNothing) {
  const ScratchNetNs a;
  const ScratchNetNs b;
  node_.add(network_, a);
  const std::string address = address_in(node_.add(network_, b));
  const HttpServer server(b, "b");
  EXPECT_TRUE(can_ping(a, address));
  EXPECT_EQ(http_get(a, address), "b");
  EXPECT_EQ(http_get(node_.node(), address), "b");
  node_.del(network_, a);
  node_.del(network_, b);
  EXPECT_EQ(node_.leftovers(), "");
}

TEST_P(Shipped, BandwidthLimitsAreSet) {
  const ScratchNetNs pod;
  const PodOptions limits{.if_name = "eth0",
                          .capabilities = {{"bandwidth",
                                            {{"ingressRate", 8'000'000},
                                             {"ingressBurst", 1'600'000},
                                             {"egressRate", 16'000'000},
                                             {"egressBurst", 1'600'000}}}},
                          .args = {}};
  const json result = node_.add(network_, pod, limits);
  const std::string host_link = result.at("interfaces").at(0).at("name");
  EXPECT_THAT(node_.node().sh("tc qdisc show dev " + host_link),
              testing::ContainsRegex("tbf 1: root .*rate 8Mbit"));
  EXPECT_THAT(node_.node().sh("tc qdisc show"), testing::HasSubstr("rate 16Mbit"));
  EXPECT_TRUE(can_ping(node_.node(), address_in(result)));
  node_.del(network_, pod, limits);
  EXPECT_EQ(node_.leftovers(), "");
}

TEST_P(Shipped, HostPortReachesThePod) {
  const ScratchNetNs pod;
  const ScratchNetNs client;
  const PodOptions port{
      .if_name = "eth0",
      .capabilities = {{"portMappings",
                        {{{"hostPort", 8080}, {"containerPort", 80}, {"protocol", "tcp"}}}}},
      .args = {}};
  node_.add(network_, pod, port);
  node_.add(network_, client);
  const HttpServer server(pod, "behind a host port");
  EXPECT_EQ(http_get(node_.outside(), "192.168.0.10", 8080), "behind a host port");
  EXPECT_EQ(http_get(node_.node(), "192.168.0.10", 8080), "behind a host port");
  EXPECT_EQ(http_get(node_.node(), "127.0.0.1", 8080), "behind a host port");
  EXPECT_EQ(http_get(client, "192.168.0.10", 8080), "behind a host port");
  node_.del(network_, pod, port);
  EXPECT_EQ(http_get(node_.outside(), "192.168.0.10", 8080), "");
  node_.del(network_, client);
  EXPECT_EQ(node_.leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(Conflists, Shipped, testing::ValuesIn(shipped_files()),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace catena::test
