#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/kube/failure.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kube/watch_fixture.h"

namespace catena::kube {
namespace {

using test::Fault;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class KubeWatcherFaults : public WatchFixture {
 protected:
  KubeWatcherFaults() {
    server_.objects().put(pod("a"));
    server_.objects().put(pod("b"));
  }
  int lists() const { return server_.count("limit="); }
};

TEST_F(KubeWatcherFaults, ADroppedConnectionGoesOnWhereItWas) {
  watch();
  ASSERT_TRUE(settle());
  mirror_.forget_told();
  server_.drop_watches();
  server_.objects().put(pod("c"));
  server_.objects().remove("Pod", "default", "a");
  ASSERT_TRUE(run_until_names({"b", "c"}));
  EXPECT_THAT(mirror_.told(), ElementsAre("added c", "deleted a"));
  EXPECT_EQ(lists(), 1) << "the world is not dumped anew";
  ASSERT_TRUE(settle());
  EXPECT_FALSE(watcher_->trouble().has_value());
}

TEST_F(KubeWatcherFaults, AForgottenVersionMeansANewList) {
  watch();
  ASSERT_TRUE(settle());
  mirror_.forget_told();
  server_.objects().compact();
  server_.expire_watches();
  server_.objects().remove("Pod", "default", "a");
  server_.objects().put(pod("c"));
  ASSERT_TRUE(run_until_names({"b", "c"}));
  EXPECT_THAT(mirror_.told().front(), "begin");
  EXPECT_EQ(lists(), 2);
  EXPECT_THAT(troubles_, ElementsAre(Pair(std::string(kExpired), Millis(0))))
      << "the first list after it comes without a wait";
  ASSERT_TRUE(settle());
  EXPECT_FALSE(watcher_->trouble().has_value());
}

TEST_F(KubeWatcherFaults, AWatchThatBeginsTooLateMeansANewList) {
  watch();
  ASSERT_TRUE(settle());
  // The connection breaks, and before the next one the server compacts its history.
  server_.fail({.target = "watch=true", .times = 2, .status = 503, .text = "no"});
  server_.drop_watches();
  ASSERT_TRUE(run_until([&] { return server_.watches() == 0; }));
  server_.objects().remove("Pod", "default", "a");
  server_.objects().compact();
  ASSERT_TRUE(run_until_names({"b"}));
  EXPECT_EQ(lists(), 2);
}

TEST_F(KubeWatcherFaults, A410InsteadOfAWatchMeansANewList) {
  watch();
  ASSERT_TRUE(settle());
  server_.fail({.target = "watch=true", .status = 410, .reason = "Gone"});
  server_.end_watches();
  ASSERT_TRUE(run_until([&] { return lists() == 2; }));
  ASSERT_TRUE(settle());
}

TEST_F(KubeWatcherFaults, AServerThatForgetsAtOnceIsNotAskedWithoutEnd) {
  server_.fail({.target = "watch=true", .times = 1'000, .status = 410, .reason = "Gone"});
  WatchOptions options = quick_watch();
  options.backoff = {Millis(200), Millis(200)};
  watch({.resource = kPods}, std::move(options));
  run_for(Millis(1'000));
  EXPECT_GE(lists(), 2);
  EXPECT_LE(lists(), 8);
}

TEST_F(KubeWatcherFaults, AListThatIsForgottenBetweenPagesBeginsAnew) {
  WatchOptions options = quick_watch();
  options.page = 1;
  server_.fail({.target = "continue=", .status = 410, .reason = "Expired"});
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  EXPECT_THAT(mirror_.told(),
              ElementsAre("begin", "listed a", "begin", "listed a", "listed b", "end"));
}

TEST_F(KubeWatcherFaults, APageThatBreaksOffIsAskedForAgain) {
  WatchOptions options = quick_watch();
  options.page = 1;
  server_.fail({.fate = Fault::Fate::kCut, .target = "continue="});
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  EXPECT_THAT(mirror_.names(), ElementsAre("a", "b"));
  EXPECT_EQ(server_.count("continue="), 2);
}

TEST_F(KubeWatcherFaults, AVersionOfTheFutureFallsBackToTheDatabase) {
  // Another API server answers, which is behind the one that we had.
  WatchOptions options = quick_watch();
  options.resource_version = "100000";
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  EXPECT_THAT(mirror_.names(), ElementsAre("a", "b"));
  EXPECT_EQ(lists(), 2);
  EXPECT_EQ(server_.count("resourceVersionMatch"), 1);
}

TEST_F(KubeWatcherFaults, AnEmptyHandedServerIsWaitedForLongerAndLonger) {
  server_.fail({.times = 5, .status = 503});
  WatchOptions options = quick_watch();
  options.backoff = {Millis(10), Millis(100)};
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  ASSERT_EQ(troubles_.size(), 5U);
  EXPECT_LE(troubles_[0].second, Millis(15));
  EXPECT_GE(troubles_[3].second, Millis(80));
  EXPECT_FALSE(watcher_->trouble().has_value());
  EXPECT_THAT(last_trouble_, HasSubstr("/api/v1/pods: 503"));
  EXPECT_THAT(mirror_.told(), ElementsAre("begin", "listed a", "listed b", "end"));
}

TEST_F(KubeWatcherFaults, RetryAfterIsHonoured) {
  server_.fail(
      {.target = "watch=true", .status = 429, .reason = "TooManyRequests", .retry_after = 1});
  const auto start = std::chrono::steady_clock::now();
  watch();
  ASSERT_TRUE(settle());
  EXPECT_GE(std::chrono::steady_clock::now() - start, Millis(1'000));
  EXPECT_THAT(troubles_, ElementsAre(Pair("TooManyRequests", Ge(Millis(1'000)))));
  EXPECT_EQ(lists(), 1);
}

TEST_F(KubeWatcherFaults, AWatchThatEndsAtOnceIsNotBegunWithoutAPause) {
  server_.fail({.target = "watch=true", .times = 1'000, .status = 200, .text = ""});
  WatchOptions options = quick_watch();
  options.backoff = {Millis(100), Millis(100)};
  watch({.resource = kPods}, std::move(options));
  run_for(Millis(600));
  EXPECT_LE(server_.count("watch=true"), 7);
  EXPECT_EQ(lists(), 1);
}

TEST_F(KubeWatcherFaults, AnExpiredTokenIsReadAnewFromItsFile) {
  const test::TempDir directory;
  const std::string file = directory.path() + "/token";
  write_file(file, "old");
  server_.require_token("old");
  Config config = server_.config();
  config.token.clear();
  config.token_file = file;
  watch(config, {.resource = kPods}, quick_watch());
  ASSERT_TRUE(settle());

  server_.require_token("new");
  server_.drop_watches();
  ASSERT_TRUE(run_until([&] {
    return watcher_->trouble().has_value() && watcher_->trouble()->code() == kUnauthorized;
  }));
  write_file(file, "new");
  server_.objects().put(pod("c"));
  ASSERT_TRUE(run_until_names({"a", "b", "c"}));
  EXPECT_EQ(lists(), 1);
  EXPECT_FALSE(watcher_->trouble().has_value());
}

TEST_F(KubeWatcherFaults, TroubleIsOverWhenAQuietWatchStands) {
  watch();
  ASSERT_TRUE(settle());
  server_.fail({.target = "watch=true", .times = 2, .status = 500, .reason = "InternalError"});
  server_.drop_watches();
  ASSERT_TRUE(run_until([&] { return watcher_->trouble().has_value(); }));
  ASSERT_TRUE(run_until([&] { return !watcher_->trouble().has_value(); }));
  EXPECT_TRUE(settle());
}

TEST_F(KubeWatcherFaults, AServerThatComesBackIsFoundAgain) {
  auto server = std::make_unique<test::ApiServer>();
  const int port = server->port();
  for (int i = 0; i < 5; ++i) {
    server->objects().put(pod("x", "worker-" + std::to_string(i)));
  }
  watch(server->config(), {.resource = kPods}, quick_watch());
  ASSERT_TRUE(run_until_names({"x"}));
  server.reset();
  ASSERT_TRUE(run_until([&] { return watcher_->trouble().has_value(); }));
  EXPECT_THAT(mirror_.names(), ElementsAre("x")) << "what was known stays";
  run_for(Millis(100));
  // It has lost everything, its versions too.
  server = std::make_unique<test::ApiServer>(test::ApiServer::Options{.port = port});
  ASSERT_EQ(server->port(), port);
  server->objects().put(pod("y"));
  ASSERT_TRUE(run_until_names({"y"}));
  watcher_.reset();
}

TEST_F(KubeWatcherFaults, ALongListAndItsWatchComeThroughTlsToo) {
  test::ApiServer server({.tls = true, .client_certificates = true});
  ASSERT_TRUE(server.certificates()->good()) << server.certificates()->trouble();
  std::vector<std::string> expected;
  for (int i = 1'000; i < 1'600; ++i) {
    expected.push_back("p" + std::to_string(i));
    server.objects().put(pod(expected.back()));
  }
  watch(server.config(), {.resource = kPods}, quick_watch());
  ASSERT_TRUE(run_until_names(expected));
  ASSERT_TRUE(run_until([&] { return server.watches() == 1; }));
  // More in one go than a TLS record or a socket's buffer holds.
  for (int i = 1'600; i < 2'600; ++i) {
    expected.push_back("p" + std::to_string(i));
    server.objects().put(pod(expected.back()));
  }
  ASSERT_TRUE(run_until_names(expected));
  server.drop_watches();
  server.objects().put(pod("q"));
  expected.emplace_back("q");
  ASSERT_TRUE(run_until_names(expected));
  watcher_.reset();
}

// The options of this process's sockets to `port`.
struct KeepAlive {
  int sockets = 0;
  int on = 0;
  int idle = 0;      // seconds
  int interval = 0;  // seconds
  int probes = 0;
};
KeepAlive keep_alive_to(int port) {
  KeepAlive found;
  for (int fd = 0; fd < 1'024; ++fd) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
        ntohs(peer.sin_port) != port) {
      continue;
    }
    ++found.sockets;
    size = sizeof(int);
    ::getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &found.on, &size);
    ::getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &found.idle, &size);
    ::getsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &found.interval, &size);
    ::getsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &found.probes, &size);
  }
  return found;
}

TEST_F(KubeWatcherFaults, TheKernelFindsOutWithinAMinuteThatThePeerIsGone) {
  watch();
  ASSERT_TRUE(settle());
  const KeepAlive found = keep_alive_to(server_.port());
  EXPECT_EQ(found.sockets, 1) << "list and watch share a connection";
  EXPECT_NE(found.on, 0);
  EXPECT_LE(found.idle + found.interval * found.probes, 60);
}

TEST_F(KubeWatcherFaults, WithoutRightsItSaysSoAndTriesOn) {
  server_.fail({.times = 2, .status = 403, .reason = "Forbidden"});
  watch();
  ASSERT_TRUE(settle());
  EXPECT_THAT(troubles_, Contains(Pair("Forbidden", Ge(Millis(5)))));
  EXPECT_THAT(last_trouble_, HasSubstr("ClusterRole"));
}

TEST_F(KubeWatcherFaults, GarbageInAStreamIsTrouble) {
  watch();
  ASSERT_TRUE(settle());
  // A proxy's page instead of a watch.
  server_.fail({.target = "watch=true", .status = 200, .text = "<html>\n"});
  server_.end_watches();
  ASSERT_TRUE(run_until([&] { return last_trouble_.find("JSON") != std::string::npos; }));
  EXPECT_THAT(last_trouble_, HasSubstr("/api/v1/pods"));
  ASSERT_TRUE(settle());
}

TEST_F(KubeWatcherFaults, ManyInterruptionsLoseAndRepeatNothing) {
  watch();
  ASSERT_TRUE(settle());
  mirror_.forget_told();
  constexpr int kChanges = 120;
  std::vector<std::string> expected;
  for (int i = 0; i < kChanges; ++i) {
    const std::string name = "p" + std::to_string(1'000 + i);
    server_.objects().put(pod(name));
    expected.push_back("added " + name);
    if (i % 10 == 3) {
      server_.drop_watches();
    } else if (i % 10 == 7) {
      server_.end_watches();
    } else if (i % 10 == 9) {
      server_.fail({.target = "watch=true", .status = 503});
    }
    run_for(Millis(5));
  }
  ASSERT_TRUE(run_until([&] { return mirror_.told().size() >= expected.size(); }));
  EXPECT_EQ(mirror_.told(), expected);
  EXPECT_EQ(lists(), 1);
}

}  // namespace
}  // namespace catena::kube
