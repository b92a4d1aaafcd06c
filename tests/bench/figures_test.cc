#include "tests/bench/figures.h"

#include <gmock/gmock.h>

namespace catena::bench {
namespace {

TEST(Figures, MedianAndSpreadDoNotDependOnTheOrderOfSamples) {
  EXPECT_DOUBLE_EQ(median({3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 0.9), 90);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.1), 7);
}

TEST(Figures, ARatioIsThatOfTheMedians) {
  const Figure figure = ratio_of("x", {1, 2, 3}, {4, 8, 12}, 0.3);
  EXPECT_DOUBLE_EQ(figure.value, 0.25);
  EXPECT_DOUBLE_EQ(figure.low, 0.25);
  EXPECT_TRUE(figure.ok());
}

TEST(Figures, ALineSaysShortWhenTheTargetIsMissed) {
  Figure figure = time_of("del", {40, 41, 42}, 30);
  EXPECT_FALSE(figure.ok());
  EXPECT_THAT(as_line(figure), testing::MatchesRegex("del +41.0 ms .* <= 30.0 ms +short *"));
  figure.target = 41;
  EXPECT_THAT(as_line(figure), testing::HasSubstr(" ok "));
  EXPECT_THAT(as_json({figure}), testing::HasSubstr("\"ok\": true"));
}

TEST(Figures, AMissWithinTheNoiseIsShortButNotSurely) {
  Samples ours;
  Samples theirs;
  for (int i = 0; i < 30; ++i) {
    ours.push_back(2.8 + 0.1 * (i % 7));
    theirs.push_back(10 + 0.2 * (i % 5));
  }
  EXPECT_FALSE(ratio_of("x", ours, theirs, 0.298).ok());
  EXPECT_FALSE(ratio_of("x", ours, theirs, 0.298).surely_short());
  EXPECT_TRUE(ratio_of("x", ours, theirs, 0.25).surely_short());
  EXPECT_TRUE(time_of("x", ours, 2).surely_short());
  EXPECT_FALSE(time_of("x", ours, 4).surely_short());
}

}  // namespace
}  // namespace catena::bench
