#include "common/kube/watcher.h"

#include "tests/unit/kube/watch_fixture.h"

namespace catena::kube {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class KubeWatcher : public WatchFixture {};

TEST_F(KubeWatcher, TellsWhatIsThereAndThenWhatChanges) {
  server_.objects().put(pod("a"));
  server_.objects().put(pod("b"));
  watch();
  ASSERT_TRUE(settle());
  server_.objects().put(pod("c"));
  server_.objects().put(pod("a", "worker-1", "db"));
  server_.objects().remove("Pod", "default", "b");
  ASSERT_TRUE(run_until([&] { return mirror_.told().size() == 7; }));
  EXPECT_THAT(mirror_.told(), ElementsAre("begin", "listed a", "listed b", "end", "added c",
                                          "modified a", "deleted b"));
  EXPECT_EQ(mirror_.object("a")["metadata"]["labels"]["app"], "db");
  EXPECT_FALSE(mirror_.object("c")["metadata"].contains("managedFields"));
  EXPECT_EQ(watcher_->resource_version(), std::to_string(server_.objects().version()));
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(KubeWatcher, TheFirstListIsOfTheCache) {
  watch();
  ASSERT_TRUE(settle());
  EXPECT_EQ(server_.count("resourceVersion=0&resourceVersionMatch=NotOlderThan"), 1);
  EXPECT_EQ(server_.count("watch=true"), 1);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(KubeWatcher, AnEmptyListEndsToo) {
  watch();
  ASSERT_TRUE(settle());
  EXPECT_THAT(mirror_.told(), ElementsAre("begin", "end"));
}

TEST_F(KubeWatcher, ListsPageByPage) {
  std::vector<std::string> expected;
  for (int i = 10; i < 35; ++i) {
    expected.push_back("p" + std::to_string(i));
    server_.objects().put(pod(expected.back()));
  }
  WatchOptions options = quick_watch();
  options.page = 10;
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  EXPECT_EQ(mirror_.names(), expected);
  EXPECT_EQ(server_.count("continue="), 2);
  EXPECT_THAT(troubles_, IsEmpty()) << "a cursor beside a resourceVersion is refused";
}

TEST_F(KubeWatcher, AnObjectThatIsNotSelectedAnyMoreIsDeleted) {
  server_.objects().put(pod("a", "worker-1"));
  server_.objects().put(pod("b", "worker-2"));
  watch({.resource = kPods, .fields = "spec.nodeName=worker-1"});
  ASSERT_TRUE(settle());
  EXPECT_THAT(mirror_.names(), ElementsAre("a"));
  server_.objects().put(pod("a", "worker-2"));
  server_.objects().put(pod("b", "worker-1"));
  ASSERT_TRUE(run_until_names({"b"}));
}

TEST_F(KubeWatcher, AWatchThatTheServerEndsGoesOnWhereItWas) {
  server_.objects().put(pod("a"));
  watch();
  ASSERT_TRUE(settle());
  server_.objects().put(pod("b"));
  ASSERT_TRUE(run_until_names({"a", "b"}));
  const std::string version = watcher_->resource_version();
  mirror_.forget_told();
  server_.end_watches();
  server_.objects().put(pod("c"));
  ASSERT_TRUE(run_until_names({"a", "b", "c"}));
  EXPECT_THAT(mirror_.told(), ElementsAre("added c")) << "nothing twice, nothing listed anew";
  EXPECT_EQ(server_.count("resourceVersion=" + version + "&timeoutSeconds"), 1);
}

TEST_F(KubeWatcher, BookmarksMoveTheVersionOfAQuietWatch) {
  WatchFixture::watch({.resource = kNodes});
  test::ApiServer server({.bookmarks = Millis(30)});
  server.objects().put(node("a"));
  watch(server.config(), {.resource = kNodes}, quick_watch());
  ASSERT_TRUE(run_until([&] { return watcher_->synced(); }));
  mirror_.forget_told();
  server.objects().put(pod("other-1"));
  server.objects().put(pod("other-2"));
  const std::string now = std::to_string(server.objects().version());
  ASSERT_TRUE(run_until([&] { return watcher_->resource_version() == now; }));
  EXPECT_THAT(mirror_.told(), IsEmpty()) << "bookmarks are the watcher's own business";
  // Everything before the bookmark may be forgotten: the watch goes on from there.
  server.objects().put(pod("other-3"));
  server.drop_watches();
  server.objects().put(node("b"));
  ASSERT_TRUE(run_until_names({"a", "b"}));
  EXPECT_EQ(server.count("limit="), 1);
}

TEST_F(KubeWatcher, CanGoOnFromAnEarlierRunWithoutAList) {
  server_.objects().put(pod("a"));
  WatchOptions options = quick_watch();
  options.resource_version = std::to_string(server_.objects().version());
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(settle());
  server_.objects().put(pod("b"));
  ASSERT_TRUE(run_until_names({"b"}));
  EXPECT_THAT(mirror_.told(), ElementsAre("added b"));
  EXPECT_EQ(server_.count("limit="), 0);
}

TEST_F(KubeWatcher, WatchesAreEndedByTheServerInTime) {
  WatchOptions options = quick_watch();
  options.lifetime = std::chrono::seconds(1);
  watch({.resource = kPods}, std::move(options));
  ASSERT_TRUE(run_until([&] { return server_.count("watch=true") >= 2; }));
  EXPECT_EQ(server_.count("limit="), 1);
  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(KubeWatcher, SeveralWorkInOneLoop) {
  Mirror nodes;
  Mirror policies;
  auto second = Watcher::create(server_.config(), {.resource = kNodes}, nodes.handler());
  auto third =
      Watcher::create(server_.config(), {.resource = kNetworkPolicies}, policies.handler());
  watch();
  ASSERT_TRUE(second.ok() && third.ok());
  server_.objects().put(pod("a"));
  server_.objects().put(node("n"));
  server_.objects().put(Json{{"apiVersion", "networking.k8s.io/v1"},
                             {"kind", "NetworkPolicy"},
                             {"metadata", {{"name", "p"}, {"namespace", "default"}}}});
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (server_.watches() < 3 && std::chrono::steady_clock::now() < end) {
    std::array<pollfd, 3> waiting{pollfd{watcher_->fd(), POLLIN, 0},
                                  pollfd{second->fd(), POLLIN, 0}, pollfd{third->fd(), POLLIN, 0}};
    ::poll(waiting.data(), waiting.size(), 10);
    std::array<Watcher*, 3> watchers{&*watcher_, &*second, &*third};
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting.at(i).revents != 0) {
        watchers.at(i)->step();
      }
    }
  }
  EXPECT_THAT(mirror_.names(), ElementsAre("a"));
  EXPECT_THAT(nodes.names(), ElementsAre("n"));
  EXPECT_THAT(policies.names(), ElementsAre("p"));
}

TEST_F(KubeWatcher, AQuietWatchNeedsNoStep) {
  watch();
  ASSERT_TRUE(settle());
  run_for(Millis(50));
  steps_ = 0;
  run_for(Millis(500));
  EXPECT_EQ(steps_, 0);
}

TEST_F(KubeWatcher, AChangeIsToldAtOnce) {
  watch();
  ASSERT_TRUE(settle());
  std::vector<Millis> delays;
  for (int i = 0; i < 5; ++i) {
    const std::string name = "p" + std::to_string(i);
    const auto start = std::chrono::steady_clock::now();
    server_.objects().put(pod(name));
    ASSERT_TRUE(run_until([&] { return mirror_.told().back() == "added " + name; }));
    delays.push_back(std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - start));
  }
  EXPECT_LT(*std::min_element(delays.begin(), delays.end()), Millis(50));
}

TEST_F(KubeWatcher, CanBeDestroyedInTheMiddleOfAnything) {
  for (int i = 0; i < 500; ++i) {
    server_.objects().put(pod("p" + std::to_string(i)));
  }
  for (int steps = 0; steps < 12; ++steps) {
    watch();
    for (int i = 0; i < steps; ++i) {
      pollfd waiting{watcher_->fd(), POLLIN, 0};
      ::poll(&waiting, 1, 20);
      watcher_->step();
    }
    watcher_.reset();
  }
}

}  // namespace
}  // namespace catena::kube
