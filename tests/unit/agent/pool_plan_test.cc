// Which ENIs get how many addresses.
#include "agent/pool_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr Families kBoth{.ipv4 = true, .ipv6 = true};

// "eni-1 +5" for each request; a new ENI is "new".
std::vector<std::string> texts_of(const std::vector<GrowRequest>& plan) {
  std::vector<std::string> texts;
  for (const GrowRequest& request : plan) {
    std::string text = request.eni.empty() ? "new" : request.eni;
    for (const auto& [count, name] : {std::pair{request.ipv4, " ipv4"},
                                      {request.ipv6, " ipv6"},
                                      {request.ipv4_prefixes, " /28"},
                                      {request.ipv6_prefixes, " /80"}}) {
      text += count > 0 ? " +" + std::to_string(count) + name : "";
    }
    texts.push_back(text);
  }
  return texts;
}

EniRoom room(const std::string& id, int free4, int slots4, int free6 = 0, int slots6 = 0) {
  return {.id = id, .free4 = free4, .free6 = free6, .slots4 = slots4, .slots6 = slots6};
}

Growth growth_of(int new_enis = 0) {
  Growth growth;
  growth.new_enis = new_enis;
  growth.new_eni = room("", 1, 29, 0, 30);
  return growth;
}

TEST(PoolPlan, OneCallOnTheEniThatHoldsAll) {
  EXPECT_THAT(texts_of(plan_growth(6, {room("eni-1", 0, 5), room("eni-2", 2, 9)}, growth_of(3))),
              ElementsAre("eni-2 +6 ipv4"));
}

TEST(PoolPlan, WhereSeveralHoldAllThePolicyChooses) {
  const std::vector<EniRoom> enis{room("full", 0, 5), room("empty", 0, 25)};
  Growth growth = growth_of();
  EXPECT_THAT(texts_of(plan_growth(4, enis, growth)), ElementsAre("full +4 ipv4"));
  growth.policy = cloud::EniPolicy::kLeastIps;
  EXPECT_THAT(texts_of(plan_growth(4, enis, growth)), ElementsAre("empty +4 ipv4"));
}

TEST(PoolPlan, NewEnisComeForWhatTheOthersHaveNoRoomFor) {
  EXPECT_THAT(texts_of(plan_growth(75, {room("eni-1", 0, 5), room("eni-2", 0, 10)}, growth_of(9))),
              ElementsAre("eni-2 +10 ipv4", "eni-1 +5 ipv4", "new +29 ipv4", "new +29 ipv4"));
}

TEST(PoolPlan, NeverMoreThanThereIsRoomFor) {
  EXPECT_THAT(texts_of(plan_growth(100, {room("eni-1", 0, 5)}, growth_of(1))),
              ElementsAre("eni-1 +5 ipv4", "new +29 ipv4"));
  EXPECT_THAT(plan_growth(100, {room("eni-1", 3, 0)}, growth_of(0)), IsEmpty());
  EXPECT_THAT(plan_growth(0, {room("eni-1", 0, 5)}, growth_of(1)), IsEmpty());
}

TEST(PoolPlan, APodWithBothFamiliesNeedsBothOfOneEni) {
  Growth growth = growth_of();
  growth.families = kBoth;
  // Three could be served now; the fourth and fifth need IPv6 alone, the sixth both.
  EXPECT_THAT(texts_of(plan_growth(3, {room("eni-1", 5, 10, 3, 10)}, growth)),
              ElementsAre("eni-1 +1 ipv4 +3 ipv6"));
  EXPECT_THAT(plan_growth(3, {room("eni-1", 5, 10, 3, 0)}, growth), IsEmpty());
}

TEST(PoolPlan, ANewEniGetsWhatOneCallHolds) {
  Growth growth = growth_of(2);
  growth.families = kBoth;
  EXPECT_THAT(texts_of(plan_growth(12, {}, growth)), ElementsAre("new +11 ipv4 +10 ipv6"));
  growth.new_eni = room("", 1, 99, 0, 99);
  EXPECT_THAT(texts_of(plan_growth(80, {}, growth)), ElementsAre("new +49 ipv4 +10 ipv6"));
}

TEST(PoolPlan, BlocksHoldSixteenEach) {
  Growth growth = growth_of(1);
  growth.prefixes4 = true;
  EXPECT_THAT(texts_of(plan_growth(20, {room("eni-1", 3, 9)}, growth)),
              ElementsAre("eni-1 +2 /28"));
  EXPECT_THAT(texts_of(plan_growth(100, {}, growth)), ElementsAre("new +7 /28"));
  growth.families = kBoth;
  growth.prefixes6 = true;
  EXPECT_THAT(texts_of(plan_growth(100, {}, growth)), ElementsAre("new +7 /28 +1 /80"));
}

}  // namespace
}  // namespace catena::agent
