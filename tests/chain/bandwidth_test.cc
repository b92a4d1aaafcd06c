// catena-bandwidth behind upstream's ptp, by the real cnitool: the two cases of upstream's tests
// that need a chain.
#include <chrono>

#include <gmock/gmock.h>

#include "tests/chain/chain_node.h"

namespace catena::test {
namespace {

using std::chrono::milliseconds;

class BehindPtp : public testing::Test {
 protected:
  // A network "free" without limits, and "limited" with.
  BehindPtp() {
    node_.install(chain("free", "10.77.0", json::array()));
    node_.install(chain("limited", "10.78.0",
                        {{{"type", "catena-bandwidth"},
                          {"ingressRate", 120'000},
                          {"ingressBurst", 16'000},
                          {"egressRate", 120'000},
                          {"egressBurst", 16'000},
                          {"stateDir", node_.state_dir()}}}));
  }

  json chain(const std::string& name, const std::string& network, const json& behind) const {
    json plugins = {{{"type", "ptp"},
                     {"mtu", 512},
                     {"ipam",
                      {{"type", "host-local"},
                       {"subnet", network + ".0/24"},
                       {"dataDir", node_.dir() + "/host-local"}}}}};
    plugins.insert(plugins.end(), behind.begin(), behind.end());
    return {{"cniVersion", "1.0.0"}, {"name", name}, {"plugins", plugins}};
  }

  // How long a pod takes to read 25 kB from its node, whose address in its network is `from`.
  static milliseconds reading_time(const ScratchNetNs& pod, const std::string& from) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(http_get(pod, from).size(), 25'000U);
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start);
  }

  std::string queues_of(const json& result) const {
    return node_.node().sh("tc qdisc show dev " +
                           std::string(result.at("interfaces").at(0).at("name")));
  }

  ChainNode node_;
  ScratchNetNs free_;
  ScratchNetNs limited_;
};

// 25 kB at 15 kB/s, of which the first 2 are the burst: 1.5 s.
TEST_F(BehindPtp, APodWithALimitReadsSlowlyAndOneWithoutAsFastAsBefore) {
  const json free = node_.add("free", free_);
  const json limited = node_.add("limited", limited_);
  node_.check("limited", limited_);
  EXPECT_THAT(queues_of(limited), testing::HasSubstr("tbf"));
  EXPECT_THAT(queues_of(free), testing::Not(testing::HasSubstr("tbf")));
  const HttpServer server(node_.node(), std::string(25'000, 'x'));
  const milliseconds unshaped = reading_time(free_, "10.77.0.1");
  EXPECT_GT(reading_time(limited_, "10.78.0.1"), unshaped + milliseconds(1000));
  node_.del("limited", limited_);
  node_.del("free", free_);
  EXPECT_EQ(node_.node().sh("tc qdisc show | grep -E 'tbf|htb|ingress' || true"), "");
  EXPECT_EQ(node_.node().sh("ip -o link show type ifb"), "");
}

// Two networks of one pod: the limit is the second interface's alone.
TEST_F(BehindPtp, OnlyTheInterfaceOfTheLimitedNetworkIsLimited) {
  const json first = node_.add("free", free_);
  const json second = node_.add("limited", free_, {.if_name = "net1"});
  EXPECT_THAT(queues_of(first), testing::Not(testing::HasSubstr("tbf")));
  EXPECT_THAT(queues_of(second), testing::HasSubstr("tbf"));
  EXPECT_THAT(free_.sh("tc qdisc show dev eth0"), testing::Not(testing::HasSubstr("tbf")));
  EXPECT_THAT(free_.sh("tc qdisc show dev net1"), testing::HasSubstr("tbf"));
  node_.del("limited", free_, {.if_name = "net1"});
  node_.del("free", free_);
}

}  // namespace
}  // namespace catena::test
