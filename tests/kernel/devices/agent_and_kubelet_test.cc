// Cloud, agent, device plugin and kubelet together, on a node of catena-sim.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/agent/sim_nodes.h"
#include "tests/kernel/devices/running_plugin.h"
#include "tests/support/kubelet/kubelet.h"
#include "tests/support/temp_dir.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

class AgentAndKubelet : public testing::Test {
 protected:
  PluginPlaces places(const RunningAgent& agent) const {
    return {.kubelet_dir = dir_.path() + "/kubelet",
            .state_dir = sim_.state_dir(1),
            .eni_conf = dir_.path() + "/eni.json",
            .agent_socket = agent.socket(),
            .log = log_path()};
  }
  std::string log_path() const { return dir_.path() + "/log"; }
  std::string log() const {
    const auto text = base::read_file(log_path(), std::size_t{1} << 20U);
    return text.ok() ? *text : std::string();
  }
  SimNodes sim_;
  TempDir dir_;
};

TEST_F(AgentAndKubelet, AnEniThatPodsShareIsOfferedToNobodyElse) {
  const RunningAgent agent(sim_.netns(1), sim_.state_dir(1), {"--pool", "off"}, sim_.environment());
  const json said = agent.ask({{"duty", "eni.capacity"}});
  const int before = said.at("result").at("capacity");
  ASSERT_GE(before, 2) << said;
  Kubelet kubelet(dir_.path() + "/kubelet");
  const RunningPlugin plugin(places(agent));
  ASSERT_TRUE(eventually([&] { return kubelet.allocatable() == before; }, seconds(30))) << log();

  const json grown = agent.ask({{"duty", "grow"}, {"args", {{"ipv4", 1}}}});
  ASSERT_TRUE(grown.contains("result")) << grown;
  EXPECT_TRUE(eventually([&] { return kubelet.allocatable() == before - 1; }, seconds(30)))
      << log();
  EXPECT_EQ(kubelet.registrations(), 1);
  const AllocateOutcome refused = kubelet.ask_for({{"eni-" + std::to_string(before - 1)}});
  EXPECT_EQ(refused.code, 8);
  EXPECT_THAT(refused.text, HasSubstr("1 are shared"));
}

}  // namespace
}  // namespace catena::test
