#include "common/cni/version.h"

#include <gtest/gtest.h>

namespace catena::cni {
namespace {

TEST(Version, EveryOneHasItsTextAndBack) {
  for (const Version version : kVersions) {
    EXPECT_EQ(version_from(to_string(version)), version);
  }
  EXPECT_EQ(supported_versions(), "0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0");
  EXPECT_EQ(to_string(kLatestVersion), "1.1.0");
}

TEST(Version, OthersAreNone) {
  for (const char* text : {"", "0.1.0", "0.2.0", "1.2.0", "1.1", "1.1.0 ", "v1.1.0", "01.1.0"}) {
    EXPECT_FALSE(version_from(text).has_value()) << text;
  }
}

TEST(Command, EveryVerbHasItsTextAndBack) {
  for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"}) {
    ASSERT_TRUE(command_from(verb).has_value()) << verb;
    EXPECT_EQ(to_string(*command_from(verb)), verb);
  }
  for (const char* verb : {"", "add", "ADD ", "GET", "UPDATE"}) {
    EXPECT_FALSE(command_from(verb).has_value()) << verb;
  }
}

}  // namespace
}  // namespace catena::cni
