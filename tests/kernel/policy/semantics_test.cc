// The API's text, line by line, with packets; IPv4 and IPv6 each.
#include <memory>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/kernel/policy/enforcer.h"

namespace catena::test::netpol {
namespace {

std::vector<Story> all_lines() {
  std::vector<Story> all = selection_stories();
  for (const std::vector<Story>& some : {peer_stories(), port_stories(), life_stories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

class NetpolText : public testing::TestWithParam<std::tuple<Way, Story>> {
 protected:
  static void SetUpTestSuite() { rigs = std::make_unique<Rigs>(); }
  static void TearDownTestSuite() { rigs.reset(); }
  inline static std::unique_ptr<Rigs> rigs;
};

TEST_P(NetpolText, IsSoForPackets) {
  const auto& [way, story] = GetParam();
  EXPECT_EQ(disagreements(story, the_kernel(rigs->of(way), way)), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(
    , NetpolText, testing::Combine(testing::ValuesIn(kOnTheNode), testing::ValuesIn(all_lines())),
    [](const auto& tested) {
      return test_name(std::get<0>(tested.param), std::get<1>(tested.param).name);
    });

}  // namespace
}  // namespace catena::test::netpol
