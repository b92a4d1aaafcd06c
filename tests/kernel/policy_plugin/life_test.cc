// CHECK, DEL, GC and STATUS of catena-policy.
#include <filesystem>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/policy_plugin/scene.h"
#include "tests/support/must.h"
#include "tests/support/prober.h"
#include "tests/support/talk.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPod = "172.30.1.5";
const json kAllow = {{"onUnknown", "allow"}};

TEST(PolicyDel, LeavesNothingAndCanBeCalledAgain) {
  const PolicyNode node;
  for (const json& keys : {json::object(), kAllow}) {
    const ScratchNetNs pod;
    const json result = node.add(pod, keys);
    EXPECT_THAT(node.left(), Not(IsEmpty()));
    for (int time = 0; time < 2; ++time) {
      const Answer gone = node.call({.command = "DEL", .netns = pod.path(), .result = result});
      EXPECT_TRUE(gone.ok()) << gone.process.out;
      EXPECT_EQ(node.left(), "");
    }
    node.remove_link(pod.path());
  }
}

TEST(PolicyDel, NeedsNeitherNamespaceNorRecordNorResultNorAGoodConfiguration) {
  const PolicyNode node;
  auto pod = std::make_unique<ScratchNetNs>();
  const json result = node.add(*pod);
  const std::string netns = pod->path();
  pod.reset();
  EXPECT_TRUE(node.call({.command = "DEL", .keys = {{"waitSeconds", "soon"}}}).ok());
  EXPECT_EQ(node.left(), "");
  node.remove_link("");

  const ScratchNetNs other;
  const json again = node.add(other);
  std::filesystem::remove_all(node.state_dir() + "/policy");
  EXPECT_TRUE(node.call({.command = "DEL", .netns = other.path(), .result = again}).ok());
  EXPECT_EQ(node.left(), "");
}

TEST(PolicyDel, ThatComesLateLeavesTheNextPodOfTheAddressAlone) {
  const PolicyNode node;
  const ScratchNetNs old;
  const ScratchNetNs next;
  const json result = node.add(old, json::object(), "pod-old");
  node.remove_link(old.path(), "pod-old");
  const json others = node.add(next, json::object(), "pod-new");
  EXPECT_TRUE(node.call({.command = "DEL", .container = "pod-old", .result = result}).ok());
  EXPECT_TRUE(
      node.call(
              {.command = "CHECK", .container = "pod-new", .netns = next.path(), .result = others})
          .ok());
  EXPECT_TRUE(is_cut_off(node.outside(), kPod)) << "it is shut as before";
  EXPECT_TRUE(can_ping(node.node(), kPod));
}

// The link is still there: it is the next plugin's to take away.
TEST(PolicyDel, LetsNothingPassOnItsWay) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const Prober in(
      {.from = node.outside(), .to = pod, .destination = must(base::IpAddress::parse(kPod))});
  const Prober out({.from = pod,
                    .to = node.outside(),
                    .destination = must(base::IpAddress::parse("192.168.0.1"))});
  for (int time = 0; time < 10; ++time) {
    const json result = node.add(pod);
    EXPECT_TRUE(node.call({.command = "DEL", .netns = pod.path(), .result = result}).ok());
    node.remove_link(pod.path());
  }
  EXPECT_EQ(in.arrived(), 0);
  EXPECT_EQ(out.arrived(), 0);
  node.add(pod, kAllow);
  EXPECT_TRUE(in.arrives()) << "the probers work";
  EXPECT_TRUE(out.arrives());
}

// By the plugin alone: there is neither an agent nor its program.
TEST(PolicyDel, LeavesNoConnectionToTheNextPodWithTheAddress) {
  const PolicyNode node;
  const base::IpAddress pod = must(base::IpAddress::parse(kPod));
  const base::IpAddress outside = must(base::IpAddress::parse("192.168.0.1"));
  const FixedEnd peer({node.outside(), outside}, pod);
  const ScratchNetNs old_pod;
  const ScratchNetNs new_pod;
  const json result = node.add(old_pod, kAllow, "pod-old");
  {
    const FixedEnd old_end({old_pod, pod}, outside);
    EXPECT_TRUE(peer.reaches(old_end));
    EXPECT_TRUE(old_end.reaches(peer));
  }
  EXPECT_TRUE(
      node.call(
              {.command = "DEL", .container = "pod-old", .netns = old_pod.path(), .result = result})
          .ok());
  node.remove_link(old_pod.path(), "pod-old");
  EXPECT_EQ(node.node().sh("ls " + node.state_dir() + "/policy/left"), std::string(kPod) + "\n");
  node.add(new_pod, json::object(), "pod-new");
  EXPECT_EQ(node.node().sh("ls " + node.state_dir() + "/policy/left"), "");
  const FixedEnd new_end({new_pod, pod}, outside);
  EXPECT_FALSE(peer.reaches(new_end));
  EXPECT_FALSE(new_end.reaches(peer));
}

TEST(PolicyCheck, NamesWhatIsMissing) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.add(pod);
  const PolicyCall check{.command = "CHECK", .netns = pod.path(), .result = result};
  EXPECT_TRUE(node.call(check).ok());

  node.node().sh("nft flush set inet catena entered4");
  Answer answer = node.call(check);
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(), HasSubstr("does not let"));
  EXPECT_THAT(answer.message(), HasSubstr(kPod));
  EXPECT_TRUE(node.call({.netns = pod.path(), .result = result}).ok()) << "ADD again";
  EXPECT_TRUE(node.call(check).ok());

  node.node().sh("nft flush chain inet catena policy-ingress");
  answer = node.call(check);
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(), HasSubstr("the chains of network policies"));
  EXPECT_TRUE(node.call({.netns = pod.path(), .result = result}).ok()) << "ADD again";
  EXPECT_TRUE(node.call(check).ok());

  std::filesystem::remove_all(node.state_dir() + "/policy");
  answer = node.call(check);
  EXPECT_EQ(answer.code(), 100);
  EXPECT_THAT(answer.message(), HasSubstr("the pod has no record"));
}

TEST(PolicyGc, TakesWhatNoValidAttachmentOfItsNetworkOwns) {
  const PolicyNode node;
  const ScratchNetNs a;
  const ScratchNetNs b;
  node.add(a, json::object(), "pod-a", 5);
  node.add(b, json::object(), "pod-b", 6);
  const json keeps = json::array({{{"containerID", "pod-b"}, {"ifname", "eth0"}}});
  EXPECT_TRUE(node.gc(json::array(), "othernet").ok());
  EXPECT_TRUE(node.record("pod-a").has_value()) << "of another network";
  EXPECT_TRUE(node.gc(keeps).ok());
  EXPECT_FALSE(node.record("pod-a").has_value());
  EXPECT_TRUE(node.record("pod-b").has_value());
  EXPECT_THAT(policies_in(node.node()), Not(HasSubstr("172.30.1.5")));
  EXPECT_THAT(policies_in(node.node()), HasSubstr("172.30.1.6"));
  EXPECT_TRUE(node.gc(json::array()).ok());
  EXPECT_EQ(node.left(), "");
}

TEST(PolicyGc, WithoutAListTakesOnlyPodsWhoseNamespaceIsGone) {
  const PolicyNode node;
  const ScratchNetNs a;
  auto b = std::make_unique<ScratchNetNs>();
  node.add(a, json::object(), "pod-a", 5);
  node.add(*b, json::object(), "pod-b", 6);
  b.reset();
  EXPECT_TRUE(node.gc(nullptr).ok());
  EXPECT_TRUE(node.record("pod-a").has_value());
  EXPECT_FALSE(node.record("pod-b").has_value());
  EXPECT_THAT(policies_in(node.node()), Not(HasSubstr("172.30.1.6")));
}

TEST(PolicyGc, TakesRulesThatHaveLostTheirRecord) {
  const PolicyNode node;
  const ScratchNetNs pod;
  node.add(pod);
  std::filesystem::remove_all(node.state_dir() + "/policy");
  EXPECT_TRUE(node.gc(json::array()).ok());
  EXPECT_THAT(policies_in(node.node()), Not(HasSubstr("chain")));
}

TEST(PolicyStatus, DoesNotNeedAnAgent) {
  const PolicyNode node;
  const Answer status = node.call({.command = "STATUS"});
  EXPECT_TRUE(status.ok()) << status.process.out;
  EXPECT_EQ(policies_in(node.node()), "");
  const ScratchNetNs pod;
  node.add(pod);
  EXPECT_TRUE(node.call({.command = "STATUS"}).ok());
}

TEST(PolicyStatus, SaysThatTheProgramForIptablesIsMissing) {
  const PolicyNode node;
  const Answer status = node.call({.command = "STATUS", .keys = {{"backend", "iptables"}}});
  EXPECT_EQ(status.code(), 50);
  EXPECT_THAT(status.message(), HasSubstr("catena-xtables"));
}

}  // namespace
}  // namespace catena::test
