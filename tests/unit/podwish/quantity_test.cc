// Numbers with units as users write them.
#include "common/podwish/quantity.h"

#include <limits>

#include <gtest/gtest.h>

namespace catena::podwish {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

struct Case {
  std::string_view text;
  std::optional<std::uint64_t> value;
};

TEST(Quantity, IsReadAsKubernetesReadsIt) {
  for (const auto& [text, value] : {
           Case{"10M", 10'000'000},
           Case{"7812500", 7'812'500},
           Case{"1k", 1'000},
           Case{"1Ki", 1'024},
           Case{"1.5Gi", 1'610'612'736},
           Case{"512Mi", 536'870'912},
           Case{"1P", 1'000'000'000'000'000},
           Case{"1E", 1'000'000'000'000'000'000},
           Case{"1Ei", 1ULL << 60U},
           Case{"1e6", 1'000'000},
           Case{"2E3", 2'000},
           Case{"1e+3", 1'000},
           Case{"5000e-3", 5},
           Case{"+5M", 5'000'000},
           Case{".5M", 500'000},
           Case{"5.M", 5'000'000},
           Case{"0", 0},
           Case{"0e99", 0},
           Case{"00012k", 12'000},
           Case{"5000000m", 5'000},
           Case{"2000000000u", 2'000},
           Case{"3000000000000n", 3'000},
       }) {
    EXPECT_EQ(parse_quantity(text), value) << text;
  }
}

TEST(Quantity, AFractionIsRoundedUpExactly) {
  EXPECT_EQ(parse_quantity("1.1k"), 1'100U);
  EXPECT_EQ(parse_quantity("0.1"), 1U);
  EXPECT_EQ(parse_quantity("1m"), 1U);
  EXPECT_EQ(parse_quantity("1500m"), 2U);
  EXPECT_EQ(parse_quantity("1e-99"), 1U);
  EXPECT_EQ(parse_quantity("1.00000000000000000001"), 2U);
  EXPECT_EQ(parse_quantity("1.00000000000000000000"), 1U);
}

TEST(Quantity, WhatIsTooLargeIsTheLargest) {
  for (const std::string_view text : {"99999999999999999999", "99999999999999999999999999999999",
                                      "100E", "16Ei", "1e19", "1e999", "18446744073709551615E"}) {
    EXPECT_EQ(parse_quantity(text), kMost) << text;
  }
}

TEST(Quantity, NothingElseIsOne) {
  for (const std::string_view text :
       {"",       " ",    "M",    "-1",   "-5M",    "10X", "10K", "10 M", " 10M",
        "10M ",   "10MB", "1,5M", "1..5", "1.5.5",  ".",   "1e",  "1ee3", "1e3M",
        "1e1000", "1e-",  "0x10", "ten",  "10Mi/s", "1ki", "NaN", "Inf",  "++1"}) {
    EXPECT_EQ(parse_quantity(text), std::nullopt) << text;
  }
}

TEST(Bytes, AreReadAsTerwaysUsersWriteThem) {
  constexpr std::uint64_t kMiB = 8ULL << 20U;
  for (const auto& [text, value] : {
           Case{"1m", kMiB},
           Case{"1M", kMiB},
           Case{"1MB", kMiB},
           Case{"1mb", kMiB},
           Case{"1MiB", kMiB},
           Case{"1MIB", kMiB},
           Case{"10M", 10 * kMiB},
           Case{"1.5M", kMiB * 3 / 2},
           Case{"1K", 8ULL << 10U},
           Case{"1G", 8ULL << 30U},
           Case{"1T", 8ULL << 40U},
           Case{"100B", 800},
           Case{" 1 M ", kMiB},
           Case{"10485760", 10 * kMiB},
           Case{"0", 0},
           Case{"9999999999999999T", kMost},
       }) {
    EXPECT_EQ(parse_bytes_as_bits(text), value) << text;
  }
}

TEST(Bytes, NothingElseIsThat) {
  for (const std::string_view text :
       {"", "M", "-1M", "1MM", "1BB", "1BIB", "1iB", "1Mi", "1P", "1 M B", "1e6", "fast", "."}) {
    EXPECT_EQ(parse_bytes_as_bits(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace catena::podwish
