#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::base {
namespace {

using nlohmann::json;

TEST(UnknownKeys, WhatWasAskedForIsKnown) {
  const json object = {{"mtu", 1500}, {"ipMasq", true}, {"cni.dev/x", 1}, {"name", "n"}};
  Fields fields = Fields::of(object, "").value();
  ASSERT_TRUE(fields.integer("mtu", 68, 65535).ok());
  ASSERT_TRUE(fields.boolean("ipMasq").ok());
  fields.ignore("name");
  fields.ignore_prefix("cni.dev/");
  EXPECT_TRUE(fields.no_unknown_keys().ok());
}

TEST(UnknownKeys, AKeyThatNobodyAskedForIsNamedWithTheOneThatWasMeant) {
  const json object = {{"mtuu", 1500}};
  Fields fields = Fields::of(object, "ranges[1]").value();
  ASSERT_TRUE(fields.integer("mtu", 68, 65535).ok());
  const Status status = fields.no_unknown_keys();
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(ErrorKind::kBadConfig));
  EXPECT_EQ(status.error().message(), "unknown key \"ranges[1].mtuu\"");
  EXPECT_EQ(status.error().advice(), "did you mean \"ranges[1].mtu\"?");
}

TEST(UnknownKeys, CaseAloneMakesAKeyUnknownUnlessItIsIgnored) {
  const json object = {{"MTU", 1500}};
  Fields exact = Fields::of(object, "").value();
  ASSERT_TRUE(exact.integer("mtu", 68, 65535).ok());
  EXPECT_EQ(exact.no_unknown_keys().error().advice(), "did you mean \"mtu\"?");
  Fields ignoring = Fields::of(object, "", KeyCase::kIgnored).value();
  ASSERT_TRUE(ignoring.integer("mtu", 68, 65535).ok());
  EXPECT_TRUE(ignoring.no_unknown_keys().ok());
}

TEST(UnknownKeys, WithoutANearMissTheKnownOnesAreListed) {
  const json object = {{"nonsense", 1}};
  Fields fields = Fields::of(object, "").value();
  fields.ignore("mtu");
  fields.ignore("gateway");
  EXPECT_EQ(fields.no_unknown_keys().error().advice(), "known keys: mtu, gateway");
}

TEST(UnknownKeys, ManyAreCountedNotListed) {
  json object;
  for (int i = 0; i < 100'000; ++i) {
    object["unknown" + std::to_string(i)] = i;
  }
  const Status status = Fields::of(object, "").value().no_unknown_keys();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), testing::EndsWith(" and 99995 more"));
  EXPECT_LT(status.error().message().size(), 500U);
}

}  // namespace
}  // namespace catena::base
