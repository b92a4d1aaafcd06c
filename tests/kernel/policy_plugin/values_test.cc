// What catena-policy refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/policy_plugin/scene.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Refused {
  const char* name;
  json keys;
  const char* named;
};

class PolicyKeys : public testing::TestWithParam<Refused> {};

TEST_P(PolicyKeys, AreRefusedByNameAndPath) {
  const PolicyNode node;
  const Answer status = node.call({.command = "STATUS", .keys = GetParam().keys});
  EXPECT_EQ(status.code(), 7);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, PolicyKeys,
    testing::Values(Refused{"Misspelt", {{"onUnkown", "deny"}}, "onUnkown"},
                    Refused{"OnUnknown", {{"onUnknown", "fail"}}, "deny"},
                    Refused{"WaitTooShort", {{"waitSeconds", 1}}, "waitSeconds"},
                    Refused{"WaitTooLong", {{"waitSeconds", 61}}, "waitSeconds"},
                    Refused{"WaitOfText", {{"waitSeconds", "5"}}, "waitSeconds"},
                    Refused{"Backend", {{"backend", "ebpf"}}, "iptables"},
                    Refused{"RelativeStateDir", {{"stateDir", "state"}}, "stateDir"}),
    [](const auto& instance) { return instance.param.name; });

TEST(PolicyAdd, NeedsAnInterfaceWithAnAddressBeforeIt) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json of_another = {{"cniVersion", "1.1.0"},
                           {"interfaces", {{{"name", "eth1"}, {"sandbox", pod.path()}}}}};
  const json without_address = {{"cniVersion", "1.1.0"},
                                {"interfaces", {{{"name", "eth0"}, {"sandbox", pod.path()}}}}};
  for (const json& result : {json(), of_another, without_address}) {
    const Answer added = node.call({.netns = pod.path(), .result = result});
    EXPECT_EQ(added.code(), 7) << result;
    EXPECT_THAT(added.json.value("details", ""), HasSubstr("behind the plugin"));
  }
  EXPECT_EQ(node.left(), "");
}

TEST(PolicyAdd, FailsWhereThePodCantBeNoted) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.make_link(pod);
  node.node().sh("echo file > " + node.dir() + "/file");
  const Answer added = node.call(
      {.netns = pod.path(), .result = result, .keys = {{"stateDir", node.dir() + "/file"}}});
  EXPECT_FALSE(added.ok());
  EXPECT_THAT(added.message(), HasSubstr("note the pod for the agent"));
  EXPECT_EQ(policies_in(node.node()), "");
  EXPECT_TRUE(is_cut_off(node.outside(), "172.30.1.5"));
}

}  // namespace
}  // namespace catena::test
