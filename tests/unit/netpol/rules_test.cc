// Rules as values: what leads from some to others, one pod's share, their JSON.
#include "common/netpol/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/netpol/rules_json.h"
#include "tests/support/must.h"
#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

using test::must;
using testing::ElementsAre;

Rules some_rules() {
  Rules rules;
  rules.sets["s4-1"].addresses = {ip("10.0.0.1"), ip("10.0.0.2")};
  rules.sets["b6-1"] = {.kind = SetKind::kNetworks,
                        .family = base::Family::kIpv6,
                        .networks = {{.first = ip("fd00::"), .last = ip("fd00::ff")}}};
  rules.sets["n4-1"] = {
      .kind = SetKind::kEndpoints,
      .endpoints = {{.address = ip("10.0.0.1"), .protocol = IPPROTO_UDP, .port = 53}}};
  rules.chains["p-in-1"].rules = {
      Rule(), {.protocol = IPPROTO_TCP, .first_port = 1, .last_port = 2, .peers = "s4-1"}};
  rules.chains["p-eg-1"].rules = {{.protocol = IPPROTO_UDP, .endpoints = "n4-1"},
                                  {.peers = "b6-1"}};
  rules.chains["p-in-2"];
  rules.subjects["a"] = {.addresses = {ip("10.0.0.1")},
                         .ingress = std::vector<std::string>{"p-in-1", "p-in-2"},
                         .egress = std::nullopt};
  rules.subjects["b"] = {.addresses = {ip("10.0.0.2"), ip("fd00::2")},
                         .ingress = std::vector<std::string>(),
                         .egress = std::vector<std::string>{"p-eg-1"}};
  rules.subjects["c"];
  return rules;
}

TEST(Difference, LeadsFromOneToTheOther) {
  const Rules have = some_rules();
  Rules want = have;
  want.sets["s4-1"].addresses = {ip("10.0.0.2"), ip("10.0.0.3")};
  want.sets.erase("n4-1");
  want.sets["s4-2"].addresses = {ip("10.0.0.9")};
  want.chains["p-eg-1"].rules = {{.peers = "s4-2"}};
  want.chains.erase("p-in-2");
  want.subjects["a"].ingress = std::vector<std::string>{"p-in-1"};
  want.subjects.erase("c");
  want.subjects["d"].addresses = {ip("10.0.0.4")};
  const Changes changes = difference(have, want);
  EXPECT_EQ(applied(have, changes), want);
  EXPECT_THAT(changes.members.at("s4-1").added.addresses, ElementsAre(ip("10.0.0.3")));
  EXPECT_THAT(changes.members.at("s4-1").removed.addresses, ElementsAre(ip("10.0.0.1")));
  EXPECT_EQ(changes.subjects.at("a").before, have.subjects.at("a"));
  EXPECT_EQ(changes.subjects.at("d").before, std::nullopt);
  EXPECT_EQ(applied(Rules(), difference(Rules(), have)), have);
  EXPECT_EQ(applied(have, difference(have, Rules())), Rules());
}

TEST(Difference, OfEqualRulesIsEmpty) {
  EXPECT_TRUE(difference(some_rules(), some_rules()).empty());
  EXPECT_FALSE(difference(Rules(), some_rules()).empty());
}

TEST(Only, IsOnePodsShare) {
  const Rules rules = some_rules();
  Rules wanted = rules;
  wanted.subjects = {*rules.subjects.find("a")};
  wanted.chains.erase("p-eg-1");
  wanted.sets = {*rules.sets.find("s4-1")};
  EXPECT_EQ(only(rules, "a"), wanted);
  EXPECT_EQ(only(rules, "nobody"), Rules());
}

TEST(RulesJson, IsReadAsItIsWritten) {
  EXPECT_EQ(must(rules_of(to_json(some_rules()))), some_rules());
  EXPECT_EQ(must(rules_of(nlohmann::json::object())), Rules());
}

TEST(RulesJson, ThatLeadsNowhereIsRefused) {
  for (const char* text :
       {"[]", R"({"set":{}})", R"({"sets":{"s":[]}})",
        R"({"sets":{"s":{"kind":"addresses","family":4}}})",
        R"({"sets":{"s":{"kind":"addresses","family":5,"members":[]}}})",
        R"({"sets":{"s":{"kind":"addresses","family":4,"members":["fd00::1"]}}})",
        R"({"sets":{"s":{"kind":"networks","family":4,"members":[["10.0.0.2","10.0.0.1"]]}}})",
        R"({"sets":{"s":{"kind":"endpoints","family":4,"members":[["10.0.0.2",6,65536]]}}})",
        R"({"chains":{"c":[{"peers":"s"}]}})", R"({"chains":{"c":[{"ports":[1,2]}]}})",
        R"({"chains":{"c":[{"protocol":6,"ports":[2,1]}]}})",
        R"({"subjects":{"a":{"ingress":["c"]}}})", R"({"subjects":{"a":{"addresses":["x"]}}})"}) {
    const auto rules = rules_of(nlohmann::json::parse(text));
    ASSERT_FALSE(rules.ok()) << text;
    EXPECT_TRUE(rules.error().is(base::ErrorKind::kUndecodable)) << text;
  }
}

}  // namespace
}  // namespace catena::netpol
