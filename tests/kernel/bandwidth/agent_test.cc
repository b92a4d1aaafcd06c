// Annotations that the runtime keeps to itself, asked of a running agent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/bandwidth/scene.h"
#include "tests/support/agent/one_answer.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Asked {
  Answer added;
  std::string request;
};

Asked add_with_agent(const BandwidthNode& node, const BandwidthPod& pod, const json& answer) {
  const std::string socket = node.dir() + "/agent.sock";
  OneAnswer agent(socket, answer.dump());
  Asked asked;
  asked.added = node.TestNode::call(
      {.command = "ADD",
       .netns = pod.ns.path(),
       .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-a;"
               "K8S_POD_UID=u-1",
       .config = node.config({{"prevResult", pod.result()},
                              {"capabilities", {{"io.kubernetes.cri.pod-annotations", true}}}}),
       .wrapper = {"/usr/bin/env", "CATENA_SOCKET=" + socket}});
  asked.request = agent.asked();
  return asked;
}

TEST(RunningAgent, IsAskedForThePodsAnnotations) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const json annotations = {{"k8s.aliyun.com/ingress-bandwidth", "1m"},
                            {"k8s.aliyun.com/egress-bandwidth", "2m"}};
  const Asked asked = add_with_agent(
      node, pod, {{"result", {{"eni", false}, {"annotations", annotations}, {"uid", "u-1"}}}});
  EXPECT_TRUE(asked.added.ok()) << asked.added.process.out;
  const json request = json::parse(asked.request);
  EXPECT_EQ(request.at("duty"), "pod.wishes");
  EXPECT_THAT(request.at("args").dump(), HasSubstr("pod-a"));
  EXPECT_LE(request.at("deadlineMs"), 500);
  // 1 and 2 MiB/s, times 1514 / 1452 for the headers.
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("tbf ca10: root"));
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("rate 8746Kbit"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("rate 17493Kbit"));
}

TEST(RunningAgent, WhoseAnswerIsAnErrorDoesNotKeepThePodFromStarting) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const Asked asked = add_with_agent(
      node, pod, {{"error", {{"kind", "try-again"}, {"text", "the API server is away"}}}});
  EXPECT_TRUE(asked.added.ok()) << asked.added.process.out;
  EXPECT_THAT(asked.request, HasSubstr("pod.wishes"));
  EXPECT_THAT(root_of(node.node, pod.host_link()), testing::Not(HasSubstr("tbf")));
  EXPECT_THAT(node.node.sh("cat " + node.dir() + "/log"), HasSubstr("the API server is away"));
}

}  // namespace
}  // namespace catena::test
