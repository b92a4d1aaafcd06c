// A pod that gets an address never gets the connections of the pod that had it before.

#include <gtest/gtest.h>

#include "common/base/ip.h"
#include "tests/chain/policied.h"
#include "tests/support/must.h"
#include "tests/support/talk.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

constexpr const char* kPod = "172.30.1.5";
constexpr const char* kOutside = "192.168.0.1";

// Where the agent is while the old pod goes, and while the new one comes.
struct Presence {
  const char* name;
  bool at_del;
  bool at_add;
};

class InheritedFlows : public testing::TestWithParam<Presence> {};

TEST_P(InheritedFlows, OfTheOldPodEndWithIt) {
  PoliciedNode node;
  node.put_policy("deny", deny_all({{"matchLabels", {{"app", "new"}}}}));
  node.put_pod("old");
  node.put_pod("new");
  node.start_agent();
  const ScratchNetNs old_pod;
  const ScratchNetNs new_pod;
  node.add("old", old_pod, kPod);
  const auto pod_ip = must(base::IpAddress::parse(kPod));
  const auto outside_ip = must(base::IpAddress::parse(kOutside));
  const FixedEnd outside({node.outside(), outside_ip}, pod_ip);
  {
    const FixedEnd old_end({old_pod, pod_ip}, outside_ip);
    ASSERT_TRUE(outside.reaches(old_end));
    ASSERT_TRUE(old_end.reaches(outside));
    ASSERT_TRUE(outside.reaches(old_end)) << "established";
  }
  if (!GetParam().at_del) {
    node.kill_agent();
  }
  node.del("old", old_pod);
  if (!GetParam().at_add) {
    node.kill_agent();
  } else if (!GetParam().at_del) {
    node.start_agent();
  }
  node.add("new", new_pod, kPod);
  const FixedEnd new_end({new_pod, pod_ip}, outside_ip);
  EXPECT_FALSE(outside.reaches(new_end));
  EXPECT_FALSE(new_end.reaches(outside));
  EXPECT_FALSE(outside.reaches(new_end));
  EXPECT_TRUE(can_ping(node.chain().node(), kPod)) << "the new pod is there";
}

INSTANTIATE_TEST_SUITE_P(WithAnAgent, InheritedFlows,
                         testing::Values(Presence{"Always", true, true},
                                         Presence{"WhenThePodComes", false, true},
                                         Presence{"WhenThePodGoes", true, false},
                                         Presence{"Never", false, false}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace catena::test
