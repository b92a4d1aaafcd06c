// What the calls on the path of ADD and DEL cost. The limits are several times what was measured,
// so that only a change of kind fails them; the figures are printed.
#include <algorithm>
#include <chrono>
#include <iostream>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kRounds = 200;

// Prints and returns the median of 200 runs.
template <typename Work>
double median_us(const std::string& what, Work work) {
  std::vector<double> samples;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_OK(work(static_cast<std::uint64_t>(i)));
    samples.push_back(Microseconds(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(samples.begin(), samples.end());
  std::cout << what << ": median " << samples[kRounds / 2] << " us, p95 "
            << samples[kRounds * 95 / 100] << " us\n";
  return samples[kRounds / 2];
}

TEST(Cost, OfTheCallsOnThePathOfAddAndDelWith5000Entered) {
  const catena::test::ScratchNetNs netns;
  netns.run([] {
    base::Result<Table> table = Table::open();
    ASSERT_OK(table);
    std::vector<Entry> many;
    for (std::uint64_t i = 0; i < 5000; ++i) {
      many.push_back({"ctn" + std::to_string(100000000000 + i), ip("10.2.0.0").plus(i)});
    }
    ASSERT_OK(table->ensure_guard(many));
    const auto entry = [](std::uint64_t i) {
      return Entry{"ctnaaaaaaaaaaaa", ip("10.1.0.0").plus(i)};
    };
    const std::vector<base::Prefix> keep{net("10.0.0.0/8"), net("fd00::/8")};
    EXPECT_LT(median_us("open", [](std::uint64_t) { return Table::open(); }), 1000);
    EXPECT_LT(median_us("ensure_guard, guard there, one new entry",
                        [&](std::uint64_t i) { return table->ensure_guard({entry(i)}); }),
              500);
    EXPECT_LT(median_us("leave one", [&](std::uint64_t i) { return table->leave({entry(i)}); }),
              500);
    EXPECT_LT(median_us("enter one", [&](std::uint64_t i) { return table->enter({entry(i)}); }),
              500);
    EXPECT_LT(median_us("has_guard", [&](std::uint64_t) { return table->has_guard(); }), 500);
    EXPECT_LT(
        median_us("masquerade one",
                  [&](std::uint64_t i) { return table->masquerade({entry(i).address}, keep); }),
        500);
    EXPECT_LT(median_us("leave and stop_masquerade of one",
                        [&](std::uint64_t i) {
                          EXPECT_OK(table->leave({entry(i)}));
                          return table->stop_masquerade({entry(i).address}, keep);
                        }),
              500);
  });
}

TEST(Cost, OfMarkingWith2000Marked) {
  const catena::test::ScratchNetNs netns;
  netns.run([] {
    base::Result<Table> table = Table::open();
    ASSERT_OK(table);
    const MarkSettings marks;
    std::vector<base::IpAddress> many;
    many.reserve(2000);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      many.push_back(ip("10.2.0.0").plus(i));
    }
    ASSERT_OK(table->mark(many, 1, marks));
    const auto pod = [](std::uint64_t i) { return ip("10.1.0.0").plus(i); };
    EXPECT_LT(median_us("ensure_marks, in place",
                        [&](std::uint64_t) { return table->ensure_marks(marks); }),
              500);
    EXPECT_LT(
        median_us("mark one", [&](std::uint64_t i) { return table->mark({pod(i)}, 1, marks); }),
        1500);
    EXPECT_LT(
        median_us("forget one", [&](std::uint64_t i) { return table->forget_marks({pod(i)}); }),
        1500);
  });
}

}  // namespace
}  // namespace catena::firewall::test
