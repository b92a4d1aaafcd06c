// catena-agent and catena-vpc-route as programs on two nodes of catena-sim.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/kernel/agent/sim_nodes.h"
#include "tests/support/paths.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string cidr_of(int node) { return "172.30." + std::to_string(node) + ".0/24"; }

json answer_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return json::parse(outcome.out, nullptr, false);
}

// A pod on `node`, by the plugin as a runtime would call it; its address.
std::string add_pod(const SimNodes& sim, int node, const ScratchNetNs& pod,
                    const std::string& container) {
  const json config{{"cniVersion", "1.1.0"},
                    {"name", "net"},
                    {"type", "catena-vpc-route"},
                    {"podCIDRs", {cidr_of(node)}},
                    {"stateDir", sim.state_dir(node)},
                    {"logFile", sim.state_dir(node) + ".log"},
                    {"manageRoute", true}};
  SimNodes::Environment environment = sim.environment();
  const SimNodes::Environment cni{{"CNI_COMMAND", "ADD"},
                                  {"CNI_CONTAINERID", container},
                                  {"CNI_IFNAME", "eth0"},
                                  {"CNI_NETNS", pod.path()},
                                  {"CNI_PATH", bin_dir()}};
  environment.insert(environment.end(), cni.begin(), cni.end());
  const Outcome added =
      run_process({bin_dir() + "/catena-vpc-route"}, {.input = config.dump(),
                                                      .environment = environment,
                                                      .netns_fd = sim.netns(node).fd(),
                                                      .patience = std::chrono::seconds(120)});
  EXPECT_EQ(added.exit_status, 0) << added.out << added.err;
  const json result = json::parse(added.out, nullptr, false);
  const std::string address = result["ips"][0]["address"];
  return address.substr(0, address.find('/'));
}

TEST(AgentCalls, PodsOfTwoNodesReachEachOtherByTheRouteEntriesTheFirstAddMade) {
  const SimNodes sim;
  const ScratchNetNs here;
  const ScratchNetNs there;
  const std::string from = add_pod(sim, 1, here, "pod-a");
  const std::string to = add_pod(sim, 2, there, "pod-b");
  EXPECT_TRUE(can_ping(here, to));
  EXPECT_TRUE(can_ping(there, from));

  const json removed = answer_of(sim.agent(2, {"route.remove", "--cidr", cidr_of(2)}));
  EXPECT_EQ(removed["removed"], json::array({cidr_of(2)}));
  EXPECT_FALSE(can_ping(here, to));
  const json ensured = answer_of(sim.agent(2, {"route.ensure", "--cidr", cidr_of(2)}));
  EXPECT_EQ(ensured["routes"][0]["state"], "available");
  EXPECT_TRUE(can_ping(here, to));
}

TEST(AgentCalls, AnEniComesAndGoes) {
  const SimNodes sim;
  const json before = answer_of(sim.agent(1, {"describe"}));
  EXPECT_EQ(before["enis"].size(), 1U);
  const json grown = answer_of(sim.agent(1, {"grow", "--ipv4", "2"}));
  const std::string eni = grown["eni"]["id"];
  EXPECT_EQ(grown["eni"]["state"], "in-use");
  const json more = answer_of(sim.agent(1, {"grow", "--eni", eni, "--ipv4", "1"}));
  ASSERT_EQ(more["addresses"].size(), 1U);
  const json fewer = answer_of(sim.agent(
      1, {"release", "--eni", eni, "--address", more["addresses"][0].get<std::string>()}));
  EXPECT_EQ(fewer["released"], more["addresses"]);
  answer_of(sim.agent(1, {"recover"}));
  answer_of(sim.agent(1, {"release", "--eni", eni}));
  EXPECT_EQ(answer_of(sim.agent(1, {"describe"}))["store"]["enis"], json::array());
}

struct Wrong {
  const char* name;
  std::vector<std::string> words;
  SimNodes::Environment more;
  int exit_status;
  const char* says;
};

TEST(AgentCalls, WhatIsWrongIsSaidInOneLine) {
  const SimNodes sim;
  const std::vector<Wrong> wrongs{
      {"no such duty",
       {"fly"},
       {},
       2,
       "there is no duty 'fly', expected one of: bandwidth.follow, conflist, describe"},
      {"host bits", {"route.ensure", "--cidr", "172.30.1.5/24"}, {}, 2, "without host bits"},
      {"no cidr", {"route.ensure"}, {}, 2, "needs --cidr"},
      {"unknown table",
       {"route.ensure", "--cidr", "172.30.1.0/24", "--table", "vtb-nowhere"},
       {},
       2,
       "InvalidRouteTable"},
      {"unknown ENI", {"release", "--eni", "eni-nowhere"}, {}, 1, "does not know eni-nowhere"},
      {"no eni.conf", {"describe", "--eni-conf", "/nowhere.json"}, {}, 2, "/nowhere.json"},
      {"endpoint unreachable",
       {"describe", "--deadline", "3"},
       {{"ECS_ENDPOINT", "127.0.0.1:1"}},
       3,
       "127.0.0.1:1"},
      {"wrong key",
       {"describe"},
       {{"ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-nobody"}, {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "x"}},
       1,
       "InvalidAccessKeyId.NotFound"},
      {"bad option", {"describe", "--deadline", "0"}, {}, 2, "expected 1 to 3600"},
  };
  for (const Wrong& wrong : wrongs) {
    const Outcome outcome = sim.agent(1, wrong.words, wrong.more);
    EXPECT_EQ(outcome.exit_status, wrong.exit_status) << wrong.name << ": " << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(wrong.says)) << wrong.name;
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << wrong.name << ": " << outcome.err;
    EXPECT_EQ(outcome.out, "") << wrong.name;
  }
}

}  // namespace
}  // namespace catena::test
