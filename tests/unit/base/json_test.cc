#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::base {
namespace {

using nlohmann::json;

constexpr std::size_t kMost = 1'000'000;

std::string nested(int levels) {
  const auto count = static_cast<std::size_t>(levels);
  return std::string(count, '[') + std::string(count, ']');
}

TEST(ParseJson, WhatIsNotJsonIsRefusedWithItsPlace) {
  const struct {
    const char* text;
    const char* place;
  } cases[] = {
      {"", "line 1, column 1"},
      {"{", "line 1, column 2"},
      {"{\n  \"a\": 1,\n}", "line 3, column 1"},
      {"{\"a\": 1} x", "line 1, column 10"},
      {"{'a': 1}", "line 1, column 2"},
      {"{\"a\": 01}", "line 1, column 8"},
      {"{\"a\": NaN}", "line 1, column 7"},
      {"[1, 2,]", "line 1, column 7"},
      {"// comment\n{}", "line 1, column 1"},
      {"\"\xff\"", "line 1, column 2"},
      {"\"\xed\xa0\x80\"", "line 1, column 3"},
      {"\"a\nb\"", "line 2, column 0"},
  };
  for (const auto& [text, place] : cases) {
    const Result<json> parsed = parse_json(text, kMost);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_TRUE(parsed.error().is(ErrorKind::kUndecodable));
    EXPECT_THAT(parsed.error().message(), testing::StartsWith("not JSON: "));
    EXPECT_THAT(parsed.error().message(), testing::HasSubstr(place)) << text;
  }
}

TEST(ParseJson, ANumberBeyondAllRangesIsRefused) {
  EXPECT_FALSE(parse_json("{\"a\": 1e999}", kMost).ok());
}

TEST(ParseJson, SixtyFourLevelsAreTheMost) {
  EXPECT_TRUE(parse_json(nested(64), kMost).ok());
  const Result<json> parsed = parse_json(nested(65), kMost);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message(), "not JSON: more than 64 levels deep at byte 65");
  EXPECT_FALSE(parse_json(nested(400'000), kMost).ok());
  std::string objects;
  for (int i = 0; i < 65; ++i) {
    objects += "{\"a\":";
  }
  EXPECT_FALSE(parse_json(objects, kMost).ok());
}

TEST(ParseJson, BracketsInStringsAreNoLevels) {
  const std::string brackets(200, '[');
  EXPECT_TRUE(parse_json("\"" + brackets + "\"", kMost).ok());
  EXPECT_TRUE(parse_json("\"\\\"" + brackets + "\"", kMost).ok());
  EXPECT_FALSE(parse_json("[\"\\\\\"," + brackets, kMost).ok());
}

TEST(ParseJson, OfEqualKeysTheLastOneWins) {
  EXPECT_EQ(parse_json("{\"a\": 1, \"a\": 2}", kMost).value(), json({{"a", 2}}));
}

TEST(ParseJson, SizeIsLimited) {
  EXPECT_TRUE(parse_json("[1]", 3).ok());
  const Result<json> parsed = parse_json("[1] ", 3);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().message(), "not JSON: more than 3 bytes");
}

TEST(ParseJson, AnErrorDoesNotRepeatAWholeLongString) {
  const Result<json> parsed = parse_json("\"" + std::string(100'000, 'x'), kMost);
  ASSERT_FALSE(parsed.ok());
  EXPECT_LT(parsed.error().message().size(), 300U);
}

TEST(PrintJson, IsOneLineOfValidUtf8) {
  EXPECT_EQ(print_json(json({{"b", "x\ny"}, {"a", {1, 2}}})), "{\"a\":[1,2],\"b\":\"x\\ny\"}");
  EXPECT_EQ(print_json(json("a\xff"
                            "b")),
            "\"a\xef\xbf\xbd"
            "b\"");
}

}  // namespace
}  // namespace catena::base
