// The pool's duties as a runtime's plugin calls them, on a node of catena-sim; and the kernel as
// one of those who know of an address.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/kernel.h"
#include "common/base/file.h"
#include "common/ipam/store.h"
#include "tests/kernel/agent/sim_nodes.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json answer_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  return json::parse(outcome.out, nullptr, false);
}

TEST(AgentPool, GrowsKeepsAndSyncsByArgumentsAsOnTheSocket) {
  const SimNodes sim;
  const json grown =
      answer_of(sim.agent(1, {"pool.grow", "--args", R"({"demand":3,"ipv4":true,"ipv6":false})"}));
  EXPECT_EQ(grown["enis"].size(), 1U);
  EXPECT_EQ(grown["added"], (json{{"ipv4", 3}, {"ipv6", 0}}));
  const json again = answer_of(sim.agent(1, {"pool.grow", "--args", R"({"demand":3})"}));
  EXPECT_EQ(again["added"], (json{{"ipv4", 0}, {"ipv6", 0}}));
  const json kept = answer_of(sim.agent(1, {"pool.keep", "--args", R"({"pending":4})"}));
  EXPECT_EQ(kept["idle"], 4);
  EXPECT_EQ(kept["released"], (json{{"enis", json::array()}, {"ipv4", 0}, {"ipv6", 0}}));
  EXPECT_EQ(answer_of(sim.agent(1, {"pool.sync"}))["done"], json::array());

  ipam::Store store(sim.state_dir(1), {});
  ASSERT_EQ(store.stock().value().size(), 1U);
  EXPECT_EQ(store.stock().value().front().ipv4.free, 4U);
}

TEST(AgentPool, WrongArgumentsAreNamed) {
  const SimNodes sim;
  for (const auto& [args, says] : {std::pair{R"({"demand":-1})", "demand"},
                                   {R"({"demand":1,"ipv4":false})", "ipv4 and ipv6 are both false"},
                                   {R"({"pods":1})", "pods"}}) {
    const Outcome outcome = sim.agent(1, {"pool.grow", "--args", args});
    EXPECT_EQ(outcome.exit_status, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(says));
  }
}

TEST(AgentPool, WhatRunsInTheBackgroundGivesWayToPodsThatWait) {
  const SimNodes sim;
  answer_of(sim.agent(1, {"pool.grow", "--args", R"({"demand":2})"}));
  // As a pool.grow that has begun and waits for its turn.
  const auto wanted = base::FileLock::acquire(sim.state_dir(1) + "/grow.wanted",
                                              base::Deadline(std::chrono::seconds(5)));
  ASSERT_TRUE(wanted.ok());
  const Outcome outcome = sim.agent(1, {"pool.sync"});
  EXPECT_EQ(outcome.exit_status, 3) << outcome.out;
  EXPECT_THAT(outcome.err, HasSubstr("given up for what pods wait for"));
}

TEST(AgentPool, AnAddressWithARouteOfItsOwnIsInUseOnTheNode) {
  const ScratchNetNs node;
  node.sh("ip link add ctnpod type veth peer name inside && ip link set ctnpod up");
  node.sh("ip route add 10.1.0.5/32 dev ctnpod table 20200 && ip rule add pref 512 lookup 20200");
  node.sh("ip route add 10.1.0.0/24 dev ctnpod && ip address add 10.1.0.9/32 dev ctnpod");
  std::optional<base::Result<ipam::InUse>> in_use;
  node.run([&] { in_use = agent::asking_the_kernel(); });
  ASSERT_TRUE(in_use->ok()) << in_use->error().text();
  const auto known = [&](const char* address) {
    return in_use->value()(base::IpAddress::parse(address).value()).value();
  };
  EXPECT_TRUE(known("10.1.0.5"));   // a pod
  EXPECT_TRUE(known("10.1.0.9"));   // the node itself
  EXPECT_FALSE(known("10.1.0.6"));  // of the same network
  EXPECT_FALSE(known("10.2.0.1"));  // no route
}

}  // namespace
}  // namespace catena::test
