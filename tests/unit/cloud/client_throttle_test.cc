// What the client does when the cloud says that it was asked too often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/rate_budget.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/client_fixture.h"

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(ClientTest, AThrottledCallWaitsAsLongAsTheHeaderSays) {
  transport().then(refuse("Throttling.User", 400,
                          {{"x-ratelimit-user-api", "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"},
                           {"x-ratelimit-user", "Limit:9,Remain:1,TimeLeft:7000,Reset:1"}}));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change().ok());
  EXPECT_GE(cloud_.pace.elapsed(), seconds(7));
  EXPECT_LT(cloud_.pace.elapsed(), seconds(10));
}

TEST_F(ClientTest, WithoutAHeaderItWaitsForTheNextCalendarMinute) {
  cloud_.pace.step(seconds(40));
  transport().then(refuse("Throttling", 429));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change().ok());
  EXPECT_GE(cloud_.pace.elapsed(), seconds(20));
  EXPECT_LT(cloud_.pace.elapsed(), seconds(30));
}

TEST_F(ClientTest, AMinuteThatFitsIntoTheBudgetIsWaitedForWhateverTheJitter) {
  for (int i = 0; i < 50; ++i) {
    // 57 s to the next minute, of 60 s.
    const auto into_minute = cloud_.pace.wall().time_since_epoch() % minutes(1);
    cloud_.pace.step(
        std::chrono::duration_cast<milliseconds>(minutes(1) + seconds(3) - into_minute));
    transport().then(refuse("Throttling", 429));
    transport().then(answer(std::string(kBody)));
    const auto body = change();
    ASSERT_TRUE(body.ok()) << body.error().text();
  }
}

TEST_F(ClientTest, AThrottleBeyondTheBudgetEndsTheCallAtOnce) {
  transport().then(refuse("Throttling.Api"));
  const auto body = change("", seconds(30));
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), "Throttling.Api");
  EXPECT_EQ(cloud_.pace.elapsed(), seconds(0));
  EXPECT_THAT(body.error().message(), HasSubstr("the next call may go in"));
}

TEST_F(ClientTest, TooManyAtOnceBacksOffInSeconds) {
  transport().then(refuse("Throttling.ConcurrentLimitExceeded", 503));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change().ok());
  EXPECT_LE(cloud_.pace.elapsed(), seconds(2));
}

TEST_F(ClientTest, AThrottleHoldsBackAllProcessesOfTheNode) {
  const test::TempDir directory;
  RateBudget rates(directory.path(), cloud_.pace);
  Client client(transport(), cloud_.pace, cloud_.credentials, &rates, Cloud::options());
  transport().then(refuse("Throttling.User"));
  CallOptions options;
  options.budget = seconds(5);
  ASSERT_FALSE(client.call(Product::kEcs, "DescribeInstances", {}, options).ok());

  RateBudget of_another_process(directory.path(), cloud_.pace);
  EXPECT_FALSE(of_another_process.take("DescribeInstances", seconds(59)).ok());
  const auto turned_away = client.call(Product::kEcs, "DescribeInstances", {}, options);
  ASSERT_FALSE(turned_away.ok());
  EXPECT_EQ(turned_away.error().code(), kNodeThrottled);
  EXPECT_EQ(transport().calls(), 1U) << "the cloud is not asked again";
}

}  // namespace
}  // namespace catena::cloud
