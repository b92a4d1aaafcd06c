// catena-vpc-route alone, called by cnitool: what pods can reach, and what DEL leaves.
#include <filesystem>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/chain/chain_node.h"

namespace catena::test {
namespace {

TEST(Pods, TwoPodsReachEachOtherByPingAndHttp) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const ScratchNetNs a;
  const ScratchNetNs b;
  const std::string address_a = address_in(node.add("chain", a));
  const std::string address_b = address_in(node.add("chain", b));
  EXPECT_NE(address_a, address_b);
  EXPECT_TRUE(can_ping(a, address_b));
  EXPECT_TRUE(can_ping(b, address_a));
  const HttpServer server(b, "this is b");
  EXPECT_EQ(http_get(a, address_b), "this is b");
  node.check("chain", a);
}

TEST(Pods, PodAndNodeReachEachOther) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const ScratchNetNs pod;
  const std::string address = address_in(node.add("chain", pod));
  EXPECT_TRUE(can_ping(node.node(), address));
  EXPECT_TRUE(can_ping(pod, "192.168.0.10"));
  const HttpServer in_pod(pod, "pod");
  const HttpServer on_node(node.node(), "node", 8000);
  EXPECT_EQ(http_get(node.node(), address), "pod");
  EXPECT_EQ(http_get(pod, "192.168.0.10", 8000), "node");
}

TEST(Pods, TheRestOfTheVpcReachesThePodByItsOwnAddress) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const ScratchNetNs pod;
  const std::string address = address_in(node.add("chain", pod));
  const HttpServer in_pod(pod, "pod");
  EXPECT_EQ(http_get(node.outside(), address), "pod");
  EXPECT_TRUE(can_ping(pod, "192.168.0.1"));
}

TEST(Pods, DelLeavesNothingAndCanBeRepeated) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const ScratchNetNs a;
  const ScratchNetNs b;
  node.add("chain", a);
  node.add("chain", b);
  EXPECT_NE(node.leftovers(), "");
  node.del("chain", a);
  node.del("chain", b);
  EXPECT_EQ(node.leftovers(), "");
  EXPECT_FALSE(a.sh_ok("ip link show eth0"));
  node.del("chain", a);
  EXPECT_EQ(node.leftovers(), "");
}

// A runtime's namespace: a file in /run/netns that the namespace is mounted on.
class NamedNamespace {
 public:
  explicit NamedNamespace(std::string path) : path_(std::move(path)) {
    inside_.sh("touch " + path_ + " && mount --bind " + inside_.path() + " " + path_);
  }
  const std::string& path() const { return path_; }
  // Unmounts and removes it, as a runtime does; the namespace itself ends with the object.
  void remove() const { inside_.sh("umount " + path_ + " && rm " + path_); }

 private:
  std::string path_;
  ScratchNetNs inside_;
};

TEST(Pods, DelSucceedsWhenTheNamespaceIsGone) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const std::string path = node.dir() + "/pod";
  {
    const NamedNamespace pod(path);
    ASSERT_EQ(node.cnitool("add", "chain", path).exit_status, 0);
    pod.remove();
  }
  const Outcome gone = node.cnitool("del", "chain", path);
  EXPECT_EQ(gone.exit_status, 0) << gone.err;
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, DelSucceedsWhenThePathIsNoNamespaceAnyMore) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const std::string path = node.dir() + "/pod";
  const NamedNamespace pod(path);
  ASSERT_EQ(node.cnitool("add", "chain", path).exit_status, 0);
  node.node().sh("umount " + path);  // the plain file stays
  const Outcome deleted = node.cnitool("del", "chain", path);
  EXPECT_EQ(deleted.exit_status, 0) << deleted.err;
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, CheckNoticesAMissingHostRoute) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const ScratchNetNs pod;
  const std::string address = address_in(node.add("chain", pod));
  node.check("chain", pod);
  node.node().sh("ip route del " + address);
  const Outcome outcome = node.cnitool("check", "chain", pod.path());
  EXPECT_NE(outcome.exit_status, 0);
  EXPECT_THAT(outcome.err, testing::HasSubstr(address));
  node.del("chain", pod);
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, FiftyPodsAtOnceGetFiftyAddresses) {
  constexpr std::size_t kPods = 50;
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  const std::vector<ScratchNetNs> pods(kPods);
  std::vector<json> results(kPods);
  const auto at_once = [&](const auto& work) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kPods; ++i) {
      threads.emplace_back([&work, i] { work(i); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  };
  at_once([&](std::size_t i) { results[i] = node.add("chain", pods[i]); });
  std::set<std::string> addresses;
  for (const json& result : results) {
    addresses.insert(address_in(result));
  }
  EXPECT_EQ(addresses.size(), kPods);
  for (std::size_t i = 0; i < kPods; ++i) {
    EXPECT_TRUE(can_ping(pods[i], address_in(results[(i + 1) % kPods]))) << "pod " << i;
  }
  at_once([&](std::size_t i) { node.del("chain", pods[i]); });
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, DualStackPodsReachEachOtherInBothFamilies) {
  const ChainNode node;
  node.install(node.conflist("1.0.0", {{"podCIDRs", {"172.30.1.0/24", "fd00:30:0:1::/64"}}}));
  const ScratchNetNs a;
  const ScratchNetNs b;
  node.add("chain", a);
  const json result = node.add("chain", b);
  const HttpServer server(b, "both");
  for (const std::size_t family : {0U, 1U}) {
    const std::string address = address_in(result, family);
    EXPECT_TRUE(can_ping(a, address)) << address;
    EXPECT_TRUE(can_ping(node.node(), address)) << address;
    EXPECT_TRUE(can_ping(node.outside(), address)) << address;
    EXPECT_EQ(http_get(a, address), "both") << address;
  }
  node.check("chain", b);
  node.del("chain", a);
  node.del("chain", b);
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, PodsOfTwoNetworksOnOneNodeReachEachOther) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  node.install(node.conflist("1.0.0", {{"podCIDRs", {"172.30.2.0/24"}}}, "other"));
  const ScratchNetNs a;
  const ScratchNetNs b;
  const std::string address_a = address_in(node.add("chain", a));
  const std::string address_b = address_in(node.add("other", b));
  EXPECT_THAT(address_a, testing::StartsWith("172.30.1."));
  EXPECT_THAT(address_b, testing::StartsWith("172.30.2."));
  EXPECT_TRUE(can_ping(a, address_b));
  node.del("chain", a);
  EXPECT_TRUE(can_ping(node.node(), address_b));
  node.del("other", b);
  EXPECT_EQ(node.leftovers(), "");
}

TEST(Pods, ASecondInterfaceOfOnePodIsReachedByItsOwnAddress) {
  const ChainNode node;
  node.install(node.conflist("1.0.0"));
  node.install(node.conflist("1.0.0", {{"podCIDRs", {"172.30.2.0/24"}}}, "other"));
  const ScratchNetNs pod;
  const std::string first = address_in(node.add("chain", pod));
  const PodOptions second_interface{.if_name = "net1", .capabilities = {}, .args = {}};
  const std::string second = address_in(node.add("other", pod, second_interface));
  EXPECT_TRUE(can_ping(node.outside(), first));
  EXPECT_TRUE(can_ping(node.outside(), second));
  node.check("chain", pod);
  node.check("other", pod, second_interface);
  node.del("other", pod, second_interface);
  EXPECT_TRUE(can_ping(node.outside(), first));
  EXPECT_FALSE(pod.sh_ok("ip link show net1"));
  node.del("chain", pod);
  EXPECT_EQ(node.leftovers(), "");
}

}  // namespace
}  // namespace catena::test
