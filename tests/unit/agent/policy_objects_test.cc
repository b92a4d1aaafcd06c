#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/policy/objects.h"

namespace catena::agent {
namespace {

using nlohmann::json;

json policy(const json& spec) {
  return {{"metadata", {{"namespace", "shop"}, {"name", "access"}}}, {"spec", spec}};
}

TEST(PolicyThatCannotBeRead, AllowsNothingToThePodsThatItSelects) {
  const auto read = read_policy(policy({{"podSelector", {{"matchLabels", {{"app", "web"}}}}},
                                        {"policyTypes", {"Ingress"}},
                                        {"ingress", "all"}}));
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_NE(read->trouble, "");
  EXPECT_TRUE(read->object.pods.matches({{"app", "web"}}));
  EXPECT_FALSE(read->object.pods.matches({{"app", "db"}}));
  ASSERT_TRUE(read->object.ingress.has_value());
  EXPECT_TRUE(read->object.ingress->empty());
  EXPECT_FALSE(read->object.egress.has_value());
}

TEST(PolicyThatCannotBeRead, ClosesItsNamespaceWhereItsPodsCannotBeTold) {
  const json unknown{{"matchExpressions", {{{"key", "app"}, {"operator", "Gt"}}}}};
  for (const json& spec : {json{{"podSelector", unknown}}, json("none")}) {
    const auto read = read_policy(policy(spec));
    ASSERT_TRUE(read.ok()) << spec << ": " << read.error().text();
    EXPECT_NE(read->trouble, "") << spec;
    EXPECT_EQ(read->object.space, "shop");
    EXPECT_EQ(read->object.name, "access");
    EXPECT_TRUE(read->object.pods.matches({{"app", "db"}})) << spec;
    EXPECT_TRUE(read->object.ingress.has_value() && read->object.ingress->empty()) << spec;
    EXPECT_TRUE(read->object.egress.has_value() && read->object.egress->empty()) << spec;
  }
}

TEST(PolicyThatCannotBeRead, IsAnErrorWhereNobodyCanSayWhoseItIs) {
  EXPECT_FALSE(read_policy(json{{"spec", "none"}}).ok());
}

}  // namespace
}  // namespace catena::agent
