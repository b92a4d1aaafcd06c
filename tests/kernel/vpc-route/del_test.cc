#include <filesystem>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kPlugin[] = "catena-vpc-route";

TEST(Del, LeavesNothing) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const Answer deleted = node.del(pod.path(), "pod-a");
  EXPECT_TRUE(deleted.ok()) << deleted.process.out;
  EXPECT_EQ(deleted.process.out, "");
  EXPECT_THAT(node.leftovers(), IsEmpty());
  EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
  EXPECT_EQ(address_of(node.add(pod, "pod-b")), "172.30.1.2") << "a freed address cools";
}

TEST(Del, SucceedsCalledTwice) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  EXPECT_TRUE(node.del(pod.path(), "pod-a").ok());
  EXPECT_TRUE(node.del(pod.path(), "pod-a").ok());
  EXPECT_TRUE(node.del("", "pod-a").ok());
}

TEST(Del, SucceedsForAContainerNobodyKnows) {
  const TestNode node(kPlugin);
  EXPECT_TRUE(node.del("", "never-added").ok());
  EXPECT_FALSE(std::filesystem::exists(node.state_dir())) << "nothing is made by a DEL";
}

TEST(Del, SucceedsWithTheNamespaceGone) {
  const TestNode node(kPlugin);
  auto pod = std::make_unique<ScratchNetNs>();
  const std::string path = pod->path();
  node.add(*pod, "pod-a");
  pod.reset();
  EXPECT_TRUE(node.del(path, "pod-a").ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, SucceedsWithAnEmptyNetnsAndRemovesTheLinkOfALiveOne) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  EXPECT_TRUE(node.del("", "pod-a").ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, SucceedsWithAPathThatIsNoNamespaceAndDoesNotTouchIt) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const std::string missing = node.dir() + "/never-a-namespace";
  EXPECT_TRUE(node.del(missing, "pod-a").ok());
  EXPECT_FALSE(std::filesystem::exists(missing));
  node.node.sh("echo text > " + missing);
  EXPECT_TRUE(node.del(missing, "pod-a").ok());
  EXPECT_EQ(node.node.sh("cat " + missing), "text\n");
}

TEST(Del, SucceedsWithTheLinkGone) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.node.sh("ip link del " + host_link_of(node.add(pod, "pod-a")));
  EXPECT_TRUE(node.del(pod.path(), "pod-a").ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, SucceedsWithTheStoreGoneAndClosesTheGuardFromThePrevResult) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a");
  std::filesystem::remove_all(node.state_dir());
  EXPECT_TRUE(node.del(pod.path(), "pod-a", {{"prevResult", added.json}}).ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, SucceedsAfterTheNftablesRulesetWasFlushed) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a", {{"masquerade", true}});
  node.node.sh("nft flush ruleset");
  EXPECT_TRUE(node.del(pod.path(), "pod-a", {{"masquerade", true}}).ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, LateForAnOldSandboxDoesNotTouchTheNewOneOfTheSamePod) {
  const TestNode node(kPlugin);
  const ScratchNetNs old_sandbox;
  const ScratchNetNs new_sandbox;
  const json no_cooling = {
      {"coolSeconds", 0},
      {"ranges", {{{{"subnet", "172.30.1.0/30"}, {"rangeEnd", "172.30.1.1"}}}}},
      {"podCIDRs", nullptr}};
  const Answer old_one = node.add(old_sandbox, "sandbox-1", no_cooling);
  EXPECT_TRUE(node.del(old_sandbox.path(), "sandbox-1", no_cooling).ok());
  const Answer new_one = node.add(new_sandbox, "sandbox-2", no_cooling);
  ASSERT_EQ(address_of(new_one), address_of(old_one)) << "the same address, given again";
  json late = no_cooling;
  late["prevResult"] = old_one.json;
  EXPECT_TRUE(node.del(old_sandbox.path(), "sandbox-1", late).ok());
  EXPECT_TRUE(can_ping(node.outside, address_of(new_one)));
  EXPECT_TRUE(node.check(new_sandbox, "sandbox-2", new_one, no_cooling).ok());
}

TEST(Del, SucceedsWithAConfigurationThatAddWouldRefuse) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const Answer deleted =
      node.del(pod.path(), "pod-a",
               {{"podCIDRs", "oops"}, {"mtu", "big"}, {"colour", "red"}, {"prevResult", "lost"}});
  EXPECT_TRUE(deleted.ok()) << deleted.process.out;
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Del, KeepsTheAddressWhenTheStoreCannotBeWritten) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  // A directory in the journal's place: reading it fails, whoever asks.
  node.node.sh("mv " + node.state_dir() + "/journal " + node.dir() + "/kept && mkdir " +
               node.state_dir() + "/journal");
  const Answer failed = node.del(pod.path(), "pod-a");
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(failed.message(), HasSubstr("journal"));
  node.node.sh("rmdir " + node.state_dir() + "/journal && mv " + node.dir() + "/kept " +
               node.state_dir() + "/journal");
  EXPECT_TRUE(node.del(pod.path(), "pod-a").ok());
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

}  // namespace
}  // namespace catena::test
