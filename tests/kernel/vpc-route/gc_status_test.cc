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
using testing::Not;

constexpr char kPlugin[] = "catena-vpc-route";

Answer gc(const TestNode& node, const json& overrides) {
  json config = node.config(overrides);
  // merge_patch drops keys that are null, and null is a value with a meaning here.
  if (overrides.contains("cni.dev/valid-attachments")) {
    config["cni.dev/valid-attachments"] = overrides["cni.dev/valid-attachments"];
  }
  return node.call({.command = "GC", .container_id = "", .if_name = "", .config = config});
}

json valid(std::initializer_list<const char*> containers) {
  json list = json::array();
  for (const char* container : containers) {
    list.push_back({{"containerID", container}, {"ifname", "eth0"}});
  }
  return {{"cni.dev/valid-attachments", list}};
}

TEST(Gc, RemovesWhatIsNotListedAndKeepsWhatIs) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const Answer added_a = node.add(a, "pod-a");
  const Answer added_b = node.add(b, "pod-b");
  const Answer collected = gc(node, valid({"pod-a"}));
  EXPECT_TRUE(collected.ok()) << collected.process.out;
  EXPECT_EQ(collected.process.out, "");
  EXPECT_THAT(node.leftovers(), HasSubstr(host_link_of(added_a)));
  EXPECT_THAT(node.leftovers(), Not(HasSubstr(host_link_of(added_b))));
  EXPECT_TRUE(node.check(a, "pod-a", added_a).ok());
}

TEST(Gc, EmptyListAndNullMeanThatNothingIsValid) {
  for (const json& none : {json::array(), json(nullptr)}) {
    const TestNode node(kPlugin);
    const ScratchNetNs pod;
    node.add(pod, "pod-a");
    EXPECT_TRUE(gc(node, {{"cni.dev/valid-attachments", none}}).ok());
    EXPECT_THAT(node.leftovers(), IsEmpty()) << none;
  }
}

TEST(Gc, WithoutAListOnlyWhatIsProvablyDeadGoes) {
  const TestNode node(kPlugin);
  const ScratchNetNs live;
  auto dead = std::make_unique<ScratchNetNs>();
  const Answer added = node.add(live, "pod-live");
  node.add(*dead, "pod-dead");
  dead.reset();
  for (int i = 0; i < 100 && node.node.sh_ok("test $(ip -o link | grep -c ctn) -gt 1"); ++i) {
    node.node.sh("sleep 0.05");  // the kernel takes namespaces down in the background
  }
  EXPECT_TRUE(gc(node, json::object()).ok());
  EXPECT_TRUE(node.check(live, "pod-live", added).ok());
  EXPECT_THAT(node.node.sh("cat " + node.state_dir() + "/journal"), HasSubstr("cooling"));
}

TEST(Gc, LeavesOtherNetworksAlone) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const json other = {{"name", "other"}, {"podCIDRs", {"172.30.2.0/24"}}};
  const Answer added = node.add(pod, "pod-a", other);
  EXPECT_TRUE(gc(node, valid({})).ok());
  EXPECT_TRUE(node.check(pod, "pod-a", added, other).ok());
}

TEST(Gc, RemovesLinksThatALostStoreLeftBehind) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const Answer kept = node.add(a, "pod-a");
  const Answer lost = node.add(b, "pod-b");
  std::filesystem::remove_all(node.state_dir());
  EXPECT_TRUE(gc(node, valid({"pod-a"})).ok());
  EXPECT_THAT(node.leftovers(), Not(HasSubstr(host_link_of(lost))));
  EXPECT_TRUE(can_ping(node.node, address_of(kept)));
}

TEST(Gc, RemovesGuardEntriesWhoseInterfaceIsGone) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  node.node.sh("nft add element inet catena entered4 '{ \"ctnaaaaaaaaaaaa\" . 172.30.1.99 }'");
  EXPECT_TRUE(gc(node, valid({"pod-a"})).ok());
  EXPECT_THAT(node.leftovers(), Not(HasSubstr("ctnaaaaaaaaaaaa")));
}

TEST(Store, LostWithPodsRunningHandsOutNoAddressOfTheirs) {
  const TestNode node(kPlugin);
  const ScratchNetNs old_pod;
  const ScratchNetNs new_pod;
  const Answer running = node.add(old_pod, "pod-a");
  std::filesystem::remove_all(node.state_dir());
  EXPECT_NE(address_of(node.add(new_pod, "pod-b")), address_of(running));
  EXPECT_TRUE(can_ping(node.outside, address_of(running)));
}

TEST(Status, IsSilentWhenAnAddCouldSucceed) {
  const TestNode node(kPlugin);
  const Answer answer =
      node.call({.command = "STATUS", .container_id = "", .if_name = "", .config = node.config()});
  EXPECT_TRUE(answer.ok()) << answer.process.out;
  EXPECT_EQ(answer.process.out, "");
  EXPECT_FALSE(std::filesystem::exists(node.state_dir())) << "STATUS makes nothing";
}

TEST(Status, Is50WhenNoAddressIsLeftAndSilentAgainWhenOneIsFreed) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const json tiny = {{"podCIDRs", nullptr},
                     {"coolSeconds", 0},
                     {"ranges", {{{{"subnet", "172.30.1.0/30"}, {"rangeEnd", "172.30.1.1"}}}}}};
  const PluginCall status{
      .command = "STATUS", .container_id = "", .if_name = "", .config = node.config(tiny)};
  node.add(pod, "pod-a", tiny);
  const Answer full = node.call(status);
  EXPECT_EQ(full.code(), 50);
  EXPECT_THAT(full.message(), HasSubstr("172.30.1.0/30"));
  EXPECT_TRUE(node.del(pod.path(), "pod-a", tiny).ok());
  EXPECT_TRUE(node.call(status).ok());
}

TEST(Status, Is50WhenForwardingIsOffAndSomebodyElsesJob) {
  const TestNode node(kPlugin);
  const Answer answer = node.call({.command = "STATUS",
                                   .container_id = "",
                                   .if_name = "",
                                   .config = node.config({{"forwarding", "check"}})});
  EXPECT_EQ(answer.code(), 50);
  EXPECT_THAT(answer.message(), HasSubstr("net.ipv4.ip_forward"));
}

}  // namespace
}  // namespace catena::test
