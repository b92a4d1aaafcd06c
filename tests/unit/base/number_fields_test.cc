#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::base {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

std::string read(const std::string& number, std::int64_t least = Limits::min(),
                 std::int64_t most = Limits::max()) {
  const nlohmann::json object = nlohmann::json::parse("{\"n\": " + number + "}");
  Fields fields = Fields::of(object, "").value();
  const auto result = fields.integer("n", least, most);
  return result.ok() ? std::to_string(result->value()) : result.error().message();
}

// libcni re-marshals numbers through float64.
TEST(IntegerField, WholeNumbersInEveryNotation) {
  EXPECT_EQ(read("3"), "3");
  EXPECT_EQ(read("3.0"), "3");
  EXPECT_EQ(read("-3.0"), "-3");
  EXPECT_EQ(read("-0.0"), "0");
  EXPECT_EQ(read("1e3"), "1000");
  EXPECT_EQ(read("1.5E+1"), "15");
  EXPECT_EQ(read("4294967295"), "4294967295");
  EXPECT_EQ(read("1e18"), "1000000000000000000");
  EXPECT_EQ(read("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(read("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(read("-9223372036854775808.0"), "-9223372036854775808");
}

TEST(IntegerField, WhatIsNotWholeOrTooLargeIsRefused) {
  const std::string range = "n: expected a whole number from 0 to 9223372036854775807, got ";
  EXPECT_EQ(read("3.5", 0), range + "3.5");
  EXPECT_EQ(read("1e21", 0), range + "1e+21");
  EXPECT_EQ(read("1e300", 0), range + "1e+300");
  EXPECT_EQ(read("9223372036854775808", 0), range + "9223372036854775808");
  EXPECT_EQ(read("18446744073709551616", 0), range + "1.8446744073709552e+19");
  EXPECT_EQ(read("-1", 0), range + "-1");
  EXPECT_EQ(read("-1e30", 0), range + "-1e+30");
  EXPECT_EQ(read("\"3\"", 0), range + "\"3\"");
  EXPECT_EQ(read("true", 0), range + "true");
}

TEST(IntegerField, BothEndsOfTheRangeBelongToIt) {
  EXPECT_EQ(read("68", 68, 65535), "68");
  EXPECT_EQ(read("65535", 68, 65535), "65535");
  EXPECT_EQ(read("67", 68, 65535), "n: expected a whole number from 68 to 65535, got 67");
  EXPECT_EQ(read("65536.0", 68, 65535), "n: expected a whole number from 68 to 65535, got 65536.0");
}

}  // namespace
}  // namespace catena::base
