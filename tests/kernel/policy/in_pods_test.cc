// The upstream cases and the API's text, with packets, for pods that have a NIC of their own: the
// rules are inside of each pod. IPv4 and IPv6 each.
#include <memory>

#include <gtest/gtest.h>

#include "tests/kernel/policy/enforcer.h"

namespace catena::test::netpol {
namespace {

constexpr Way kWay = Way::kNftablesInPods;

std::vector<Story> all_stories() {
  std::vector<Story> all = upstream_stories();
  for (const std::vector<Story>& some :
       {selection_stories(), peer_stories(), port_stories(), life_stories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

class NetpolInPods : public testing::TestWithParam<Story> {
 protected:
  static void SetUpTestSuite() { rig = std::make_unique<Rig>(); }
  static void TearDownTestSuite() { rig.reset(); }
  inline static std::unique_ptr<Rig> rig;
};

TEST_P(NetpolInPods, IsSoForPackets) {
  EXPECT_EQ(disagreements(GetParam(), the_kernel(*rig, kWay)), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(, NetpolInPods, testing::ValuesIn(all_stories()),
                         [](const auto& tested) { return test_name(kWay, tested.param.name); });

}  // namespace
}  // namespace catena::test::netpol
