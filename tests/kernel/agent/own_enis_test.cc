// Pods with an ENI of their own, as garbage collection and an admin's commands see them.
#include <memory>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/cli/catena_call.h"
#include "tests/kernel/eni/own_eni_node.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

const char* const kAddress = "192.168.0.31";
const char* const kMac = "00:16:3e:00:02:01";

class OwnEnis : public testing::Test {
 protected:
  json gc(const json& args) const {
    const Outcome outcome = run_process(
        {bin_dir() + "/catena-agent", "call", "gc", "--args", args.dump(), "--state-dir",
         scene_.state_dir()},
        {.environment = {{{"PATH", "/usr/sbin:/usr/bin:/bin"}}}, .netns_fd = scene_.node().fd()});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  Outcome catena(const std::vector<std::string>& words) const {
    return catena_on(scene_.node(), {words, scene_.state_dir(), {}});
  }
  std::vector<std::string> about(const char* report, const std::string& subject) const {
    std::vector<std::string> words{report};
    if (words.front() == "ipam") {
      words.emplace_back("check");
    }
    return findings_about(catena_json(scene_.node(), {words, scene_.state_dir(), {}}), subject);
  }
  // As the kernel does when the pod's namespace dies, but for the name that it chooses.
  void lose_namespace(std::unique_ptr<ScratchNetNs>& pod) const {
    pod->sh("ip link set eth0 down; ip link set eth0 name dev5");
    pod->sh("ip link set dev5 netns " + scene_.node().path());
    pod.reset();
    EXPECT_FALSE(eventually_linked());
  }
  bool eventually_linked() const {
    for (int i = 0; i < 100; ++i) {
      if (scene_.node().sh("ip -o link").find(": ctn") == std::string::npos) {
        return false;
      }
      scene_.node().sh("sleep 0.1");
    }
    return true;
  }

  OwnEniNode scene_;
};

TEST_F(OwnEnis, GarbageCollectionLeavesALivingPodAlone) {
  const ScratchNetNs pod;
  const ScratchNetNs alone;
  const Answer added = scene_.add(pod, "pod-a");
  scene_.add(alone, "pod-b", {{"disableHostPeer", true}, {"serviceCIDRs", nullptr}});
  const json found = gc({{"olderThan", 0}});
  EXPECT_EQ(found["garbage"], json::array());
  EXPECT_EQ(found["doubtful"], json::array());
  EXPECT_TRUE(scene_.check(pod, "pod-a", added).ok());
  EXPECT_THAT(scene_.held(), HasSubstr("pod-b"));
}

TEST_F(OwnEnis, TheNicOfADeadPodIsBroughtHomeAndItsEniFreed) {
  const std::string before = scene_.nics();
  auto pod = std::make_unique<ScratchNetNs>();
  scene_.add(*pod, "pod-a");
  lose_namespace(pod);
  EXPECT_THAT(scene_.nics(), HasSubstr("dev5 00:16:3e:00:02:01"));
  const json found = gc({{"olderThan", 0}});
  EXPECT_THAT(found["garbage"].dump(), HasSubstr(kAddress));
  EXPECT_EQ(scene_.held(), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(gc({{"olderThan", 0}})["garbage"], json::array());
  EXPECT_EQ(scene_.nics(), before);
}

TEST_F(OwnEnis, ADeadPodWhoseNicIsNowhereIsFreedToo) {
  auto pod = std::make_unique<ScratchNetNs>();
  const ScratchNetNs somewhere;
  scene_.add(*pod, "pod-a");
  pod->sh("ip link set eth0 netns " + somewhere.path());
  pod.reset();
  EXPECT_FALSE(eventually_linked());
  gc({{"olderThan", 0}});
  EXPECT_EQ(scene_.held(), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(
      about("doctor", "eni-1"),
      Contains(HasSubstr("no pod has it, but its NIC 00:16:3e:00:02:01 is not on the node")));
}

TEST_F(OwnEnis, TheListOfEnisNamesThePodThatHasTheNic) {
  const ScratchNetNs pod;
  scene_.add(pod, "pod-a");
  const Outcome listed = catena({"eni", "list"});
  EXPECT_EQ(listed.exit_status, 0) << listed.err;
  EXPECT_THAT(listed.out, ContainsRegex("eni-1 +[0-9]+ +exclusive +in-use +eth0 in default/pod-a"));
  EXPECT_THAT(listed.out, ContainsRegex("eni-2 +[0-9]+ +exclusive +in-use +eth"));
}

TEST_F(OwnEnis, StoreAndKernelAgreeAboutAPodWithOrWithoutALinkToTheNode) {
  const ScratchNetNs pod;
  const ScratchNetNs alone;
  scene_.add(pod, "pod-a");
  scene_.add(alone, "pod-b", {{"disableHostPeer", true}, {"serviceCIDRs", nullptr}});
  EXPECT_THAT(about("ipam", kAddress), IsEmpty());
  EXPECT_THAT(about("ipam", "192.168.1.32"), IsEmpty());
  EXPECT_THAT(about("doctor", "ENIs of pods"), Contains(HasSubstr("2 are in pods")));
}

TEST_F(OwnEnis, ANicThatIsNotWhereItShouldBeIsReported) {
  const ScratchNetNs pod;
  scene_.add(pod, "pod-a");
  pod.sh("ip link set eth0 down; ip link set eth0 name dev5");
  pod.sh("ip link set dev5 netns " + scene_.node().path());
  for (const char* report : {"ipam", "doctor"}) {
    EXPECT_THAT(about(report, "eni-1"),
                Contains(HasSubstr(std::string("default/pod-a has it, but its NIC ") + kMac +
                                   " is on the node as dev5")));
  }
}

TEST_F(OwnEnis, TheAddressOfARunningPodIsNotReleased) {
  const ScratchNetNs pod;
  const Answer added =
      scene_.add(pod, "pod-a", {{"disableHostPeer", true}, {"serviceCIDRs", nullptr}});
  const Outcome refused = catena({"ipam", "release", kAddress});
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("is in use"));
  EXPECT_THAT(scene_.held(), HasSubstr("pod-a"));
}

}  // namespace
}  // namespace catena::test
