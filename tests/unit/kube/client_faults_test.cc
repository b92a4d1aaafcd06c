#include <set>
#include <vector>

#include <gmock/gmock.h>

#include "common/kube/failure.h"
#include "common/kube/objects.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {
namespace {

using base::ErrorKind;
using std::chrono::steady_clock;
using test::Fault;
using testing::HasSubstr;
using testing::Not;

class KubeClientFaults : public testing::Test {
 protected:
  KubeClientFaults() { server_.objects().put(node("a")); }

  Client client(const ClientOptions& options = quick()) const {
    return Client::create(server_.config(), options).value();
  }
  base::Result<Json> get(const ClientOptions& options = quick()) const {
    return client(options).get({kNodes, "", "a"});
  }

  test::ApiServer server_;
};

TEST_F(KubeClientFaults, FailuresThatPassAreTriedAgain) {
  for (const Fault& fault : {Fault{.status = 500, .reason = "InternalError"},
                             Fault{.status = 503, .text = "a proxy says no"},
                             Fault{.status = 429, .reason = "TooManyRequests"},
                             Fault{.fate = Fault::Fate::kLost}, Fault{.fate = Fault::Fate::kCut}}) {
    server_.fail(fault);
    const auto got = get();
    EXPECT_TRUE(got.ok()) << got.error().text();
  }
  EXPECT_EQ(server_.requests().size(), 10U);
}

TEST_F(KubeClientFaults, RetryAfterIsHonoured) {
  server_.fail({.status = 429, .reason = "TooManyRequests", .retry_after = 1});
  const auto start = steady_clock::now();
  EXPECT_TRUE(get().ok());
  EXPECT_GE(steady_clock::now() - start, Millis(1'000));
}

TEST_F(KubeClientFaults, AWaitLongerThanTheBudgetIsNotBegun) {
  server_.fail({.times = 10, .status = 429, .reason = "TooManyRequests", .retry_after = 60});
  const auto start = steady_clock::now();
  const auto got = get();
  ASSERT_FALSE(got.ok());
  EXPECT_LT(steady_clock::now() - start, Millis(5'000));
  EXPECT_TRUE(got.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(got.error().code(), "TooManyRequests");
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(KubeClientFaults, WhatDoesNotPassIsNotTriedAgain) {
  server_.fail({.status = 403, .reason = "Forbidden"});
  const auto got = get();
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), "Forbidden");
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(KubeClientFaults, AServerThatStaysAwayIsGivenUpInTime) {
  server_.fail({.fate = Fault::Fate::kLost, .times = 1'000});
  ClientOptions options = quick();
  options.budget = Millis(400);
  const auto start = steady_clock::now();
  const auto got = get(options);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), kTransport);
  EXPECT_LT(steady_clock::now() - start, Millis(4'000));
  EXPECT_GT(server_.requests().size(), 2U);
}

TEST_F(KubeClientFaults, ASlowServerIsGivenUpInTime) {
  server_.fail({.fate = Fault::Fate::kSlow, .times = 10, .delay = Millis(900)});
  ClientOptions options = quick();
  options.request_timeout = Millis(150);
  options.budget = Millis(300);
  const auto start = steady_clock::now();
  const auto got = get(options);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), kTransport);
  EXPECT_LT(steady_clock::now() - start, Millis(850));
}

TEST_F(KubeClientFaults, NobodyListeningIsAnErrorThatNamesTheServer) {
  Config config;
  {
    const test::ApiServer gone;
    config = gone.config();
  }
  ClientOptions options = quick();
  options.budget = Millis(200);
  const auto got = Client::create(config, options)->get({kNodes, "", "a"});
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().message(), HasSubstr(config.server));
  EXPECT_TRUE(got.error().is(ErrorKind::kTryAgain));
}

TEST_F(KubeClientFaults, AnExpiredTokenIsReadAnewFromItsFile) {
  const test::TempDir directory;
  const std::string file = directory.path() + "/token";
  write_file(file, "old-token\n");
  Config config = server_.config();
  config.token_file = file;
  server_.require_token("old-token");
  Client client = Client::create(config, quick()).value();
  ASSERT_TRUE(client.get({kNodes, "", "a"}).ok());

  server_.require_token("new-token");
  const auto refused = client.get({kNodes, "", "a"});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), kUnauthorized);
  EXPECT_THAT(refused.error().text(), Not(HasSubstr("old-token")));
  EXPECT_FALSE(refused.error().advice().empty());

  write_file(file, "new-token\n");
  const auto got = client.get({kNodes, "", "a"});
  EXPECT_TRUE(got.ok()) << got.error().text();
}

TEST_F(KubeClientFaults, ATokenFileThatIsMissingForAMomentDoesNotMatter) {
  const test::TempDir directory;
  const std::string file = directory.path() + "/token";
  write_file(file, "t1");
  Config config = server_.config();
  config.token_file = file;
  server_.require_token("t1");
  Client client = Client::create(config, quick()).value();
  ASSERT_EQ(std::remove(file.c_str()), 0);
  EXPECT_TRUE(client.get({kNodes, "", "a"}).ok());
}

TEST_F(KubeClientFaults, ATokenThatWouldBreakTheHeadersIsRefused) {
  Config config = server_.config();
  config.token = "a\r\nX-Evil: 1";
  const auto client = Client::create(config);
  ASSERT_FALSE(client.ok());
  EXPECT_THAT(client.error().text(), Not(HasSubstr("Evil")));
}

TEST_F(KubeClientFaults, AMissingFileOfTheConfigurationIsNamed) {
  Config config = server_.config();
  config.authority.file = "/nowhere/ca.crt";
  const auto client = Client::create(config);
  ASSERT_FALSE(client.ok());
  EXPECT_THAT(client.error().message(), HasSubstr("/nowhere/ca.crt"));
}

// Which pods were seen since the list last began.
struct Seen {
  std::vector<std::string> names;
  int begun = 0;
  ListVisitor visitor() {
    return {.object = [this](Json&& object) { names.push_back(name_of(object)); },
            .begin =
                [this] {
                  names.clear();
                  ++begun;
                }};
  }
};

TEST_F(KubeClientFaults, AListThatTheServerForgotBeginsAnew) {
  for (int i = 10; i < 20; ++i) {
    server_.objects().put(pod("p" + std::to_string(i)));
  }
  Seen seen;
  ListVisitor visitor = seen.visitor();
  const auto take = visitor.object;
  bool done = false;
  visitor.object = [&](Json&& object) {
    take(std::move(object));
    if (!done) {
      done = true;
      server_.objects().remove("Pod", "default", "p10");
      server_.objects().compact();
    }
  };
  const auto version = client().list({.resource = kPods}, visitor, {.page = 4});
  ASSERT_TRUE(version.ok()) << version.error().text();
  EXPECT_EQ(seen.begun, 2);
  EXPECT_EQ(seen.names.size(), 9U);
  EXPECT_EQ(seen.names.front(), "p11");
}

TEST_F(KubeClientFaults, AListThatIsAlwaysForgottenEnds) {
  for (int i = 10; i < 20; ++i) {
    server_.objects().put(pod("p" + std::to_string(i)));
  }
  server_.fail({.target = "continue=", .times = 100, .status = 410, .reason = "Expired"});
  Seen seen;
  const auto version = client().list({.resource = kPods}, seen.visitor(), {.page = 4});
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().code(), kExpired);
  EXPECT_EQ(seen.begun, 4);
}

TEST_F(KubeClientFaults, APageThatBreaksOffIsAskedForAgain) {
  for (int i = 10; i < 20; ++i) {
    server_.objects().put(pod("p" + std::to_string(i)));
  }
  server_.fail({.fate = Fault::Fate::kCut, .target = "continue="});
  Seen seen;
  const auto version = client().list({.resource = kPods}, seen.visitor(), {.page = 4});
  ASSERT_TRUE(version.ok()) << version.error().text();
  EXPECT_EQ(seen.begun, 1);
  const std::set<std::string> different(seen.names.begin(), seen.names.end());
  EXPECT_EQ(different.size(), 10U);
}

}  // namespace
}  // namespace catena::kube
