// One node lives through random changes of its ENIs, addresses and route entry, its pool grows and
// shrinks with pods that come and go, while it is killed and the cloud fails; whatever happens, no
// pod loses its address, after recovery the cloud holds nothing that the store does not know, and
// the store says what the cloud says. In virtual time.
//
//   CATENA_FULL=1  10,000 lives instead of 150
//   CATENA_SEED=n  the seed of the first, the next ones follow
//   CATENA_LIFE=n  this one alone, which tells its story
#include <cstdio>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "tests/crash/cloud/life.h"

namespace catena::crash {
namespace {

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(CloudRandom, WhateverIsKilledOrFailsIsMendedByRecovery) {
  const std::uint64_t one = number_in("CATENA_LIFE", 0);
  if (one != 0) {
    Totals totals;
    const auto wrong = Life(one, Recovery::kOn, true).run(totals);
    EXPECT_TRUE(wrong.empty()) << text_of(wrong);
    return;
  }
  const bool full = number_in("CATENA_FULL", 0) == 1;
  const std::uint64_t runs = full ? 10'000 : 150;
  const std::uint64_t first = number_in("CATENA_SEED", 1 + std::random_device()() % 1'000'000);
  std::printf("%llu runs, seeds from %llu\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(first));
  Totals totals;
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + runs && failed < 5; ++seed) {
    const auto wrong = Life(seed, Recovery::kOn, false).run(totals);
    failed += wrong.empty() ? 0 : 1;
    if ((seed - first + 1) % 1'000 == 0) {
      std::printf("%llu runs done\n", static_cast<unsigned long long>(seed - first + 1));
      std::fflush(stdout);
    }
    EXPECT_TRUE(wrong.empty()) << "CATENA_LIFE=" << seed << text_of(wrong);
  }
  print(totals);
  EXPECT_GT(totals.own_enis, 0);
}

// The test itself would notice.
TEST(CloudRandom, WithoutRecoveryThingsAreLeft) {
  Totals totals;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    found += Life(seed, Recovery::kOff, false).run(totals).empty() ? 0 : 1;
  }
  EXPECT_GT(found, 5);
}

}  // namespace
}  // namespace catena::crash
