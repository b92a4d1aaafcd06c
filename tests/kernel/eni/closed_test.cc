// A pod's own NIC that is shut until a policy plugin opens it.
#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"
#include "tests/support/must.h"
#include "tests/support/probe.h"
#include "tests/support/prober.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const json kClosed = {{"closedUntilPolicy", true}};
constexpr const char* kOther = "192.168.1.10";  // another node

// What the policy plugin does for the pod's own NIC.
void enter(const ScratchNetNs& pod) {
  pod.sh("nft add element inet catena entered4 '{ \"eth0\" . 192.168.0.31 }'");
}

TEST(ClosedNic, CarriesNothingFromBeforeAddUntilItIsEnteredNorAfterDel) {
  const OwnEniNode scene({.enis = 1});
  const ScratchNetNs pod;
  const Prober in({.from = scene.vpc.b(),
                   .to = pod,
                   .destination = must(base::IpAddress::parse("192.168.0.31"))});
  const Prober out(
      {.from = pod, .to = scene.vpc.b(), .destination = must(base::IpAddress::parse(kOther))});
  const Answer added = scene.add(pod, "pod-a", kClosed);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(in.arriving_in(kLongEnough), 0);
  EXPECT_EQ(in.arrived(), 0);
  EXPECT_EQ(out.arrived(), 0);
  EXPECT_FALSE(can_ping(scene.node(), "192.168.0.31")) << "by veth1";
  enter(pod);
  EXPECT_TRUE(in.arrives());
  EXPECT_TRUE(out.arrives());
  pod.sh("nft flush set inet catena entered4");
  const int before = in.arrived() + in.arriving_in(std::chrono::milliseconds(20));
  EXPECT_TRUE(scene.del(pod.path(), "pod-a", kClosed).ok());
  EXPECT_LE(in.arrived(), before);
}

TEST(ClosedNic, IsCheckedInsideThePod) {
  const OwnEniNode scene({.enis = 1});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", kClosed);
  EXPECT_TRUE(scene.check(pod, "pod-a", added, kClosed).ok());
  pod.sh("nft flush ruleset");
  const Answer checked = scene.check(pod, "pod-a", added, kClosed);
  EXPECT_EQ(checked.code(), 100);
  EXPECT_THAT(checked.message(), HasSubstr("the guard of eth0 inside the pod"));
}

TEST(ClosedNic, LeavesNoGuardInASandboxThatIsUsedAgain) {
  const OwnEniNode scene({.enis = 1});
  const ScratchNetNs pod;
  scene.add(pod, "pod-a", kClosed);
  EXPECT_TRUE(scene.del(pod.path(), "pod-a", kClosed).ok());
  EXPECT_EQ(pod.sh("nft list ruleset"), "");
  EXPECT_EQ(scene.leftovers(), "");
  scene.add_shared("catena-vpc-route", pod, "pod-b");
  EXPECT_TRUE(can_ping(pod, kOther));
  scene.del_shared("catena-vpc-route", pod, "pod-b");
}

}  // namespace
}  // namespace catena::test
