#include "common/base/record_folder.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/must.h"
#include "tests/support/temp_dir.h"

namespace catena::base {
namespace {

using test::must;
using testing::UnorderedElementsAre;

TEST(RecordFolder, KeepsTextsByName) {
  const test::TempDir dir;
  const RecordFolder folder(dir.path() + "/of/records");
  EXPECT_TRUE(must(folder.names()).empty());
  EXPECT_FALSE(must(folder.read("a")).has_value());
  EXPECT_TRUE(folder.remove("a").ok());
  EXPECT_TRUE(folder.write("a", "one").ok());
  EXPECT_TRUE(folder.write("a", "two").ok());
  EXPECT_TRUE(folder.write("b", "three").ok());
  EXPECT_EQ(must(folder.read("a")), "two");
  EXPECT_THAT(must(folder.names()), UnorderedElementsAre("a", "b"));
  EXPECT_TRUE(folder.remove("a").ok());
  EXPECT_FALSE(folder.has("a"));
  EXPECT_TRUE(folder.has("b"));
}

TEST(RecordFolder, WhatIsHalfWrittenIsNoRecord) {
  const test::TempDir dir;
  const RecordFolder folder(dir.path());
  std::ofstream(folder.path_of("a.tmp")) << "o";
  const std::ofstream empty(folder.path_of("b"));
  EXPECT_TRUE(must(folder.names()).empty());
  EXPECT_TRUE(folder.has("a.tmp")) << "somebody may be at work";
  EXPECT_TRUE(folder.remove("a").ok());
  EXPECT_FALSE(folder.has("a.tmp"));
}

TEST(RecordFolder, WhatCannotBeReadIsAnErrorAndNotNothing) {
  const test::TempDir dir;
  std::ofstream(dir.path() + "/file") << "x";
  const RecordFolder folder(dir.path() + "/file");
  EXPECT_FALSE(folder.write("a", "one").ok());
  EXPECT_FALSE(folder.names().ok());
  EXPECT_TRUE(folder.remove("a").ok());
}

}  // namespace
}  // namespace catena::base
