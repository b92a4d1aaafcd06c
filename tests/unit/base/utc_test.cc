#include "common/base/utc.h"

#include <gtest/gtest.h>

namespace catena::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

system_clock::time_point at(std::int64_t since_1970) {
  return system_clock::time_point(seconds(since_1970));
}

TEST(Utc, TextAndTimeAreThereAndBack) {
  const struct {
    std::int64_t since_1970;
    const char* text;
  } cases[] = {
      {0, "1970-01-01T00:00:00Z"},
      {86'399, "1970-01-01T23:59:59Z"},
      {68'169'600, "1972-02-29T00:00:00Z"},
      {94'694'399, "1972-12-31T23:59:59Z"},
      {951'782'400, "2000-02-29T00:00:00Z"},
      {951'868'800, "2000-03-01T00:00:00Z"},
      {1'709'251'199, "2024-02-29T23:59:59Z"},
      {1'767'323'045, "2026-01-02T03:04:05Z"},
      {2'147'483'648, "2038-01-19T03:14:08Z"},
      {4'107'542'400, "2100-03-01T00:00:00Z"},
      {9'223'372'036, "2262-04-11T23:47:16Z"},
  };
  for (const auto& [since_1970, text] : cases) {
    EXPECT_EQ(utc_text(at(since_1970)), text);
    EXPECT_EQ(utc_time_in(text), at(since_1970)) << text;
  }
}

TEST(Utc, PartsOfASecondAreCutInTextsAndKeptWhereAskedFor) {
  const auto time = at(1'767'323'045) + nanoseconds(678'999'999);
  EXPECT_EQ(utc_text(time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(utc_text_with_ms(time), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(utc_text_with_ms(at(1'767'323'045) + milliseconds(7)), "2026-01-02T03:04:05.007Z");
  EXPECT_EQ(utc_text_with_ms(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(at(0) - nanoseconds(1)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(utc_text_with_ms(at(0) - nanoseconds(1)), "1969-12-31T23:59:59.999Z");
}

TEST(Utc, SecondsAndTheirFractionMayBeMissing) {
  const auto minute = at(1'767'323'040);
  EXPECT_EQ(utc_time_in("2026-01-02T03:04Z"), minute);
  EXPECT_EQ(utc_time_in("2026-01-02T03:04:05.678Z"), minute + milliseconds(5678));
  EXPECT_EQ(utc_time_in("2026-01-02T03:04:05.6Z"), minute + milliseconds(5600));
  EXPECT_EQ(utc_time_in("2026-01-02T03:04:05.678999999Z"), minute + milliseconds(5678));
  EXPECT_EQ(utc_time_in("2016-12-31T23:59:60Z"), utc_time_in("2017-01-01T00:00:00Z"));
}

TEST(Utc, TimesBeyondTheClockAreItsLast) {
  for (const char* text :
       {"9999-12-31T23:59:59Z", "2262-04-11T23:47:17Z", "2263-01-01T00:00:00Z"}) {
    EXPECT_EQ(utc_time_in(text), system_clock::time_point::max()) << text;
  }
  EXPECT_EQ(utc_text(system_clock::time_point::max()), "2262-04-11T23:47:16Z");
  EXPECT_EQ(utc_text(system_clock::time_point::min()), "1677-09-21T00:12:43Z");
}

TEST(Utc, WhatIsNoTimeIsNone) {
  for (const char* text : {"",
                           "Z",
                           "2026",
                           "2026-01-02",
                           "2026-01-02T03:04",
                           "2026-01-02T03:04:05",
                           "2026-01-02 03:04:05Z",
                           "2026-01-02T03:04:05ZZ",
                           "2026-01-02T03:04:05z",
                           "2026-01-02T03:04:05+08:00",
                           "2026-1-2T3:4:5Z",
                           "2026-01-02T03:04:5Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05.6x8Z",
                           "2026-01-02T03:04:05,678Z",
                           "2026-01-02T03:04:-5Z",
                           "2026-01-02T03:04: 5Z",
                           "2026-01-02T24:04:05Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:61Z",
                           "2026-00-02T03:04:05Z",
                           "2026-13-02T03:04:05Z",
                           "2026-01-00T03:04:05Z",
                           "2026-04-31T03:04:05Z",
                           "2026-02-29T03:04:05Z",
                           "2100-02-29T03:04:05Z",
                           "-026-01-02T03:04:05Z",
                           "12026-01-02T03:04:05Z",
                           "1969-12-31T23:59:59Z",
                           "0001-01-01T00:00:00Z"}) {
    EXPECT_EQ(utc_time_in(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace catena::base
