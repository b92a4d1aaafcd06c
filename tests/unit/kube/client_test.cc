#include "common/kube/client.h"

#include <set>
#include <vector>

#include <gmock/gmock.h>

#include "common/kube/objects.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {
namespace {

using base::ErrorKind;
using testing::ElementsAre;
using testing::HasSubstr;

class KubeClient : public testing::Test {
 protected:
  Client client() const { return Client::create(server_.config(), quick()).value(); }

  // Names, as they come.
  std::vector<std::string> names(const Selection& selection,
                                 const ListOptions& options = {}) const {
    std::vector<std::string> names;
    const auto version = client().list(
        selection, {.object = [&](Json&& object) { names.push_back(name_of(object)); }}, options);
    EXPECT_TRUE(version.ok()) << version.error().text();
    return names;
  }

  test::ApiServer server_;
};

TEST_F(KubeClient, GetsAnObject) {
  server_.objects().put(node("worker-1"));
  const auto got = client().get({kNodes, "", "worker-1"});
  ASSERT_TRUE(got.ok()) << got.error().text();
  EXPECT_EQ(name_of(*got), "worker-1");
  EXPECT_FALSE(uid_of(*got).empty());
}

TEST_F(KubeClient, WhatIsNotThereIsNotFound) {
  const auto got = client().get({kPods, "default", "none"});
  ASSERT_FALSE(got.ok());
  EXPECT_TRUE(got.error().is(ErrorKind::kNotFound));
  EXPECT_EQ(got.error().code(), "NotFound");
  EXPECT_THAT(got.error().message(), HasSubstr("/api/v1/namespaces/default/pods/none"));
  EXPECT_THAT(got.error().message(), HasSubstr("\"none\" not found"));
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(KubeClient, OneConnectionServesManyCalls) {
  server_.objects().put(node("a"));
  Client one = client();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(one.get({kNodes, "", "a"}).ok());
  }
  std::set<int> ports;
  for (const test::SeenRequest& request : server_.requests()) {
    ports.insert(request.port);
  }
  EXPECT_EQ(ports.size(), 1U);
}

TEST_F(KubeClient, ListsPageByPage) {
  std::vector<std::string> expected;
  for (int i = 10; i < 35; ++i) {
    expected.push_back("p" + std::to_string(i));
    server_.objects().put(pod(expected.back()));
  }
  EXPECT_EQ(names({.resource = kPods}, {.page = 10}), expected);
  EXPECT_EQ(server_.count("limit=10"), 3);
  EXPECT_EQ(server_.count("continue="), 2);
}

TEST_F(KubeClient, AListSaysFromWhereToWatch) {
  server_.objects().put(pod("a"));
  const auto version = client().list({.resource = kPods}, {.object = [](Json&&) {}});
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(*version, std::to_string(server_.objects().version()));
}

TEST_F(KubeClient, SelectsByFieldsLabelsAndNamespace) {
  server_.objects().put(pod("a", "worker-1", "web"));
  server_.objects().put(pod("b", "worker-2", "web"));
  server_.objects().put(pod("c", "worker-1", "db"));
  Json other = pod("d");
  other["metadata"]["namespace"] = "other";
  server_.objects().put(other);
  EXPECT_THAT(names({.resource = kPods, .fields = "spec.nodeName=worker-1"}),
              ElementsAre("a", "c", "d"));
  EXPECT_THAT(names({.resource = kPods, .labels = "app in (web,x),app!=db"}),
              ElementsAre("a", "b", "d"));
  EXPECT_THAT(names({.resource = kPods, .space = "default", .labels = "app=db"}), ElementsAre("c"));
  EXPECT_THAT(names({.resource = kPods, .labels = "!app"}), ElementsAre());
}

TEST_F(KubeClient, ListedObjectsComeWithoutManagedFields) {
  server_.objects().put(pod("a"));
  ASSERT_TRUE(client()
                  .list({.resource = kPods},
                        {.object =
                             [](Json&& object) {
                               EXPECT_FALSE(object["metadata"].contains("managedFields"));
                               EXPECT_TRUE(object["metadata"].contains("labels"));
                             }})
                  .ok());
}

TEST_F(KubeClient, ACachedListAsksTheDatabaseForNothing) {
  server_.objects().put(pod("a"));
  server_.objects().put(pod("b"));
  EXPECT_THAT(names({.resource = kPods}, {.page = 1, .cached = true}), ElementsAre("a", "b"));
  EXPECT_EQ(server_.count("resourceVersion=0"), 1) << "never beside a cursor: that is refused";
}

TEST_F(KubeClient, AMergePatchChangesWhatItNames) {
  server_.objects().put(pod("a"));
  const auto patched = client().patch(
      {kPods, "default", "a"}, PatchKind::kMerge,
      Json{{"metadata", {{"annotations", {{"x", "1"}}}, {"labels", {{"app", nullptr}}}}}});
  ASSERT_TRUE(patched.ok()) << patched.error().text();
  EXPECT_EQ((*patched)["metadata"]["annotations"]["x"], "1");
  EXPECT_FALSE((*patched)["metadata"]["labels"].contains("app"));
  EXPECT_EQ((*patched)["spec"]["nodeName"], "worker-1");
  EXPECT_EQ(server_.requests().back().content_type, "application/merge-patch+json");
}

TEST_F(KubeClient, AStrategicPatchOfTheStatusKeepsOtherConditions) {
  Json worker = node("worker-1");
  worker["status"]["conditions"] = {{{"type", "Ready"}, {"status", "True"}},
                                    {{"type", "NetworkUnavailable"}, {"status", "True"}}};
  server_.objects().put(worker);
  const auto patched =
      client().patch({kNodes, "", "worker-1"}, PatchKind::kStrategic,
                     Json{{"status",
                           {{"conditions", {{{"type", "NetworkUnavailable"}, {"status", "False"}}}},
                            {"capacity", {{"aliyun/eni", "3"}}}}}},
                     "status");
  ASSERT_TRUE(patched.ok()) << patched.error().text();
  EXPECT_EQ((*patched)["status"]["conditions"], Json::parse(R"([{"type": "Ready", "status": "True"},
                            {"type": "NetworkUnavailable", "status": "False"}])"));
  EXPECT_EQ((*patched)["status"]["capacity"]["aliyun/eni"], "3");
  EXPECT_THAT(server_.requests().back().target, HasSubstr("/nodes/worker-1/status"));
}

TEST_F(KubeClient, APatchOfAnOldVersionIsAConflict) {
  server_.objects().put(pod("a"));
  server_.objects().put(pod("a", "worker-2"));
  const auto patched =
      client().patch({kPods, "default", "a"}, PatchKind::kMerge,
                     Json{{"metadata", {{"resourceVersion", "2"}, {"labels", {{"x", "y"}}}}}});
  ASSERT_FALSE(patched.ok());
  EXPECT_EQ(patched.error().code(), "Conflict");
  EXPECT_TRUE(patched.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(server_.requests().size(), 1U) << "the caller looks first";
}

}  // namespace
}  // namespace catena::kube
