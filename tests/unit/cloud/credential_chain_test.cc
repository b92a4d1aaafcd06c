#include "common/cloud/credential_chain.h"

#include <atomic>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cloud/credential_chain_fixture.h"

namespace catena::cloud {
namespace {

using base::ErrorKind;
using base::Result;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::ScriptedPace;
using test::sts_set;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(CredentialChainTest, TheFirstKindThatIsThereServes) {
  first_.readings = {absent("no file a")};
  second_.readings = {set(2, hours(6))};
  CredentialChain chain({first_.kind("a"), second_.kind("b")}, pace_);
  EXPECT_EQ(chain.kind(), "");
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(chain.kind(), "b");
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(second_.reads, 1);
}

TEST_F(CredentialChainTest, NothingAnywhereNamesEveryKindAndWhyNot) {
  first_.readings = {absent("no file a")};
  second_.readings = {absent("B is not set")};
  CredentialChain chain({first_.kind("a"), second_.kind("b")}, pace_);
  const auto none = chain.get();
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message(), "no credentials: a: no file a; b: B is not set");
  EXPECT_TRUE(none.error().is(ErrorKind::kBadConfig));
}

TEST_F(CredentialChainTest, AKindThatOnlyDidNotAnswerMayBeTriedAgain) {
  first_.readings = {Reading{std::nullopt, "timed out", true}};
  CredentialChain chain({first_.kind("RAM role")}, pace_);
  EXPECT_TRUE(chain.get().error().is(ErrorKind::kTryAgain));
}

TEST_F(CredentialChainTest, ABrokenKindEndsTheSearch) {
  first_.readings = {absent("no file a")};
  second_.readings = {broken("/b: not JSON")};
  ScriptedKind third;
  third.readings = {set(3, hours(6))};
  CredentialChain chain({first_.kind("a"), second_.kind("b"), third.kind("c")}, pace_);
  EXPECT_EQ(id_of(chain), "error: b: /b: not JSON; before it: a: no file a");
  EXPECT_EQ(third.reads, 0);
}

TEST_F(CredentialChainTest, ASetIsRenewedBeforeItExpires) {
  first_.readings = {set(1, hours(6)), set(2, hours(12))};
  CredentialChain chain({first_.kind("a", minutes(30))}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(hours(5) + minutes(28));  // 30 minutes and up to one of jitter before the end
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(minutes(2));
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(first_.reads, 2);
}

TEST_F(CredentialChainTest, NodesDoNotAllRenewAtOnce) {
  std::set<int> at;
  for (int n = 0; n < 40; ++n) {
    ScriptedPace pace;
    ScriptedKind kind;
    kind.readings = {Reading::found(sts_set(n, pace.wall() + hours(6))),
                     Reading::found(sts_set(100, pace.wall() + hours(12)))};
    CredentialChain chain({kind.kind("a", minutes(30))}, pace);
    EXPECT_TRUE(chain.get().ok());
    pace.pass(hours(5) + minutes(29));
    int waited = 0;
    while (kind.reads == 1 && waited < 61) {
      EXPECT_TRUE(chain.get().ok());
      pace.pass(seconds(1));
      ++waited;
    }
    at.insert(waited);
  }
  EXPECT_GT(at.size(), 15U);
  EXPECT_LE(*at.rbegin(), 61);
}

TEST_F(CredentialChainTest, TheOldSetServesUntilItReallyExpires) {
  first_.readings = {set(1, hours(6)), broken("metadata is down")};
  CredentialChain chain({first_.kind("a")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(hours(5) + minutes(31));
  EXPECT_EQ(id_of(chain), "STS.id1");
  EXPECT_THAT(chain.last_failure(), HasSubstr("a: metadata is down"));
  pace_.pass(minutes(29) - seconds(1));
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(seconds(1));
  EXPECT_EQ(id_of(chain), "error: a: metadata is down");
}

TEST_F(CredentialChainTest, AFailingRenewalIsTriedOnceAMinute) {
  first_.readings = {set(1, hours(6)), broken("metadata is down")};
  CredentialChain chain({first_.kind("a")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(hours(5) + minutes(31));
  for (int i = 0; i < 600; ++i) {
    EXPECT_EQ(id_of(chain), "STS.id1");
    pace_.pass(seconds(1));
  }
  EXPECT_EQ(first_.reads, 1 + 10);
}

TEST_F(CredentialChainTest, ANewSetNotYetPublishedIsLookedForOnceAMinute) {
  first_.readings = {set(1, hours(6))};
  CredentialChain chain({first_.kind("a")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(hours(5) + minutes(31));
  for (int i = 0; i < 120; ++i) {
    EXPECT_EQ(id_of(chain), "STS.id1");
    pace_.pass(seconds(1));
  }
  EXPECT_EQ(first_.reads, 3);
  first_.readings = {set(2, hours(6))};
  pace_.pass(minutes(1));
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_THAT(chain.last_failure(), IsEmpty());
}

TEST_F(CredentialChainTest, AShortLivedSetIsRenewedAtHalfItsLife) {
  first_.readings = {set(1, seconds(60)), set(2, seconds(600))};
  CredentialChain chain({first_.kind("a")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(seconds(29));
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(seconds(1));
  EXPECT_EQ(id_of(chain), "STS.id2");
}

TEST_F(CredentialChainTest, TheKindThatServedStaysThoughAnEarlierOneAppears) {
  first_.readings = {absent("no file a"), set(1, hours(6))};
  second_.readings = {set(2, hours(6)), set(3, hours(12))};
  CredentialChain chain({first_.kind("a"), second_.kind("b")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id2");
  pace_.pass(hours(5) + minutes(31));
  EXPECT_EQ(id_of(chain), "STS.id3");
  EXPECT_EQ(first_.reads, 1);
}

TEST_F(CredentialChainTest, AKindThatWentAwayIsReplacedOnceItsSetIsOver) {
  first_.readings = {set(1, hours(1)), absent("no file a")};
  second_.readings = {set(2, hours(20))};
  CredentialChain chain({first_.kind("a"), second_.kind("b")}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(minutes(59));
  EXPECT_EQ(id_of(chain), "STS.id1");
  EXPECT_EQ(second_.reads, 0);
  pace_.pass(minutes(1));
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(chain.kind(), "b");
}

TEST_F(CredentialChainTest, AnExpiredSetIsNeverGiven) {
  first_.readings = {set(1, seconds(0))};
  CredentialChain chain({first_.kind("a")}, pace_);
  EXPECT_EQ(id_of(chain), "error: a: the credentials expired at 2026-01-02T03:04:05Z");
}

TEST_F(CredentialChainTest, ARefusedSetIsReadAnewAndNotGivenMeanwhile) {
  first_.readings = {set(1, hours(6)), broken("down"), set(2, hours(6))};
  CredentialChain chain({first_.kind("a")}, pace_);
  const Credentials old = chain.get().value();
  chain.reject(old);
  EXPECT_EQ(id_of(chain), "error: a: down");
  EXPECT_EQ(id_of(chain), "STS.id2");
  chain.reject(old);  // a late word about the old one
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(first_.reads, 3);
}

TEST_F(CredentialChainTest, AfterARefusalTwoReadingsMustAgree) {
  first_.readings = {set(1, hours(6)), set(1, hours(6)), set(5, hours(6)), set(2, hours(6)),
                     set(2, hours(6))};
  CredentialChain chain({first_.kind("a", minutes(30), true)}, pace_);
  chain.reject(chain.get().value());
  EXPECT_EQ(id_of(chain), "STS.id2");
  EXPECT_EQ(first_.reads, 5);
  EXPECT_EQ(pace_.sleeps(), 3);
}

TEST_F(CredentialChainTest, ARefusedSetThatIsAllThereIsIsGivenAgainAfterABoundedWait) {
  first_.readings = {set(1, hours(6))};
  CredentialChain chain({first_.kind("a", minutes(30), true)}, pace_);
  chain.reject(chain.get().value());
  const auto before = pace_.elapsed();
  EXPECT_EQ(id_of(chain), "STS.id1");
  EXPECT_EQ(pace_.elapsed() - before, seconds(1));
}

TEST_F(CredentialChainTest, TheSetBeforeARefusedOneServesAsLongAsItIsGood) {
  const auto old_set = set(1, hours(1));
  const auto torn = set(2, hours(6));
  first_.readings = {old_set, torn};
  CredentialChain chain({first_.kind("a", minutes(30), true)}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(minutes(31));
  EXPECT_EQ(id_of(chain), "STS.id2");
  chain.reject(torn->credentials.value());
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(id_of(chain), "STS.id1");
  }
  EXPECT_EQ(first_.reads, 2 + 6);
  EXPECT_THAT(chain.last_failure(), HasSubstr("only the set that the cloud refused"));
  pace_.pass(minutes(29));
  EXPECT_EQ(id_of(chain), "STS.id2");
  first_.readings = {set(3, hours(6))};
  chain.reject(torn->credentials.value());
  EXPECT_EQ(id_of(chain), "STS.id3");
}

// Readers on four threads while sets rotate and are refused. No set lives shorter than the test, so
// that a thread held up between two steps is not given an expired one.
TEST_F(CredentialChainTest, ThreadsGetWholeSetsWhileTheyRotate) {
  std::atomic<int> issue{1};
  CredentialKind kind;
  kind.name = "a";
  kind.early = seconds(3900);
  kind.read = [&]() -> Result<Reading> {
    return Reading::found(sts_set(issue, pace_.wall() + seconds(4000)));
  };
  CredentialChain chain({kind}, pace_);
  std::atomic<int> bad{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const auto got = chain.get();
        const std::string number = got.ok() ? got->key_id.substr(6) : "";
        bad +=
            !got.ok() || got->secret != "Secret" + number || got->token != "Token" + number + "+/=";
        if (got.ok() && i % 50 == 0) {
          chain.reject(*got);
        }
      }
    });
  }
  for (int i = 0; i < 500; ++i) {
    ++issue;
    pace_.pass(seconds(7));
    std::this_thread::yield();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(bad, 0);
  EXPECT_EQ(id_of(chain).substr(0, 6), "STS.id");
}

// While one thread waits for a new set, the others are served with the old one.
TEST_F(CredentialChainTest, ASlowRenewalHoldsNobodyUp) {
  std::atomic<bool> renewing{false};
  std::atomic<bool> released{false};
  CredentialKind kind;
  kind.name = "a";
  kind.early = minutes(30);
  kind.read = [&, reads = 0]() mutable -> Result<Reading> {
    if (++reads == 1) {
      return Reading::found(sts_set(1, pace_.wall() + hours(6)));
    }
    renewing = true;
    while (!released) {
      std::this_thread::yield();
    }
    return Reading::found(sts_set(2, pace_.wall() + hours(6)));
  };
  CredentialChain chain({kind}, pace_);
  EXPECT_EQ(id_of(chain), "STS.id1");
  pace_.pass(hours(5) + minutes(31));
  std::thread slow([&] { EXPECT_EQ(id_of(chain), "STS.id2"); });
  while (!renewing) {
    std::this_thread::yield();
  }
  EXPECT_EQ(id_of(chain), "STS.id1");
  released = true;
  slow.join();
  EXPECT_EQ(id_of(chain), "STS.id2");
}

}  // namespace
}  // namespace catena::cloud
