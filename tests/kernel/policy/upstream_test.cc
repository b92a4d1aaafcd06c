// The cases of the upstream e2e suite, by their names there, with packets; IPv4 and IPv6 each.
#include <memory>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/kernel/policy/enforcer.h"

namespace catena::test::netpol {
namespace {

class NetpolE2e : public testing::TestWithParam<std::tuple<Way, Story>> {
 protected:
  static void SetUpTestSuite() { rigs = std::make_unique<Rigs>(); }
  static void TearDownTestSuite() { rigs.reset(); }
  inline static std::unique_ptr<Rigs> rigs;
};

TEST_P(NetpolE2e, IsSoForPackets) {
  const auto& [way, story] = GetParam();
  EXPECT_EQ(disagreements(story, the_kernel(rigs->of(way), way)), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(, NetpolE2e,
                         testing::Combine(testing::ValuesIn(kOnTheNode),
                                          testing::ValuesIn(upstream_stories())),
                         [](const auto& tested) {
                           return test_name(std::get<0>(tested.param),
                                            std::get<1>(tested.param).name);
                         });

}  // namespace
}  // namespace catena::test::netpol
