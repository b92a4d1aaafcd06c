// The test API server, asked by a client that is not ours.
#include <httplib.h>

#include <gmock/gmock.h>

#include "common/base/text.h"
#include "common/kube/objects.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kPodsPath = "/api/v1/namespaces/default/pods";
constexpr const char* kPodPath = "/api/v1/namespaces/default/pods/a";

class ApiServerTest : public testing::Test {
 protected:
  struct Answer {
    int status = 0;
    Json body;
  };
  static Answer answer_of(const httplib::Result& result) {
    if (!result) {
      return {};
    }
    return {result->status, Json::parse(result->body, nullptr, false)};
  }
  Answer get(const std::string& target) { return answer_of(client_.Get(target)); }
  Answer post(const std::string& target, const Json& body) {
    return answer_of(client_.Post(target, body.dump(), "application/json"));
  }
  Answer put(const std::string& target, const Json& body) {
    return answer_of(client_.Put(target, body.dump(), "application/json"));
  }
  Answer patch(const std::string& target, const Json& body, const char* type) {
    return answer_of(client_.Patch(target, body.dump(), type));
  }
  Answer erase(const std::string& target) { return answer_of(client_.Delete(target)); }

  // "TYPE name" of what a watch of a second sees.
  std::vector<std::string> watched(const std::string& target) {
    std::vector<std::string> seen;
    std::string text;
    client_.Get(target, [&](const char* data, std::size_t size) {
      text.append(data, size);
      return true;
    });
    for (const std::string_view line : base::split(text, '\n')) {
      if (!line.empty()) {
        const Json event = Json::parse(line);
        seen.push_back(text_at(event, {"type"}) + " " +
                       text_at(event, {"object", "metadata", "name"}));
      }
    }
    return seen;
  }

  test::ApiServer server_;
  httplib::Client client_{"127.0.0.1", server_.port()};
};

TEST_F(ApiServerTest, ObjectsAreMadeReadReplacedAndRemoved) {
  const Answer made = post(kPodsPath, pod("a"));
  EXPECT_EQ(made.status, 201);
  EXPECT_FALSE(uid_of(made.body).empty());
  EXPECT_FALSE(resource_version_of(made.body).empty());
  EXPECT_EQ(get(kPodPath).body, made.body);
  EXPECT_EQ(post(kPodsPath, pod("a")).status, 409);
  Json changed = made.body;
  changed["metadata"]["labels"]["app"] = "db";
  const Answer replaced = put(kPodPath, changed);
  EXPECT_EQ(replaced.status, 200);
  EXPECT_EQ(uid_of(replaced.body), uid_of(made.body));
  EXPECT_NE(resource_version_of(replaced.body), resource_version_of(made.body));
  const Answer conflict = put(kPodPath, changed);
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.body["reason"], "Conflict");
  EXPECT_EQ(erase(kPodPath).status, 200);
  EXPECT_EQ(erase(kPodPath).status, 404);
  const Answer gone = get(kPodPath);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.body["kind"], "Status");
  EXPECT_EQ(gone.body["reason"], "NotFound");
}

TEST_F(ApiServerTest, ARecreatedObjectIsAnotherOne) {
  const Answer first = post(kPodsPath, pod("a"));
  erase(kPodPath);
  EXPECT_NE(uid_of(post(kPodsPath, first.body).body), uid_of(first.body));
}

TEST_F(ApiServerTest, NamesCanBeGenerated) {
  Json object = pod("");
  object["metadata"].erase("name");
  EXPECT_EQ(post(kPodsPath, object).status, 422);
  object["metadata"]["generateName"] = "web-";
  const Answer made = post(kPodsPath, object);
  EXPECT_EQ(made.status, 201);
  EXPECT_THAT(name_of(made.body), testing::StartsWith("web-"));
}

TEST_F(ApiServerTest, AStatusIsChangedByItsSubresourceAlone) {
  server_.objects().put(pod("a"));
  const Json change{{"status", {{"phase", "Failed"}}}, {"metadata", {{"labels", {{"x", "y"}}}}}};
  const Answer whole = patch(kPodPath, change, "application/merge-patch+json");
  EXPECT_EQ(whole.body["status"]["phase"], "Running");
  EXPECT_EQ(whole.body["metadata"]["labels"]["x"], "y");
  const Answer status =
      patch(std::string(kPodPath) + "/status",
            Json{{"status", {{"phase", "Failed"}}}, {"spec", {{"nodeName", "other"}}}},
            "application/merge-patch+json");
  EXPECT_EQ(status.body["status"]["phase"], "Failed");
  EXPECT_EQ(status.body["spec"]["nodeName"], "worker-1");
}

TEST_F(ApiServerTest, StrategicPatchesMergeListsByTheirKeys) {
  Json object = pod("a");
  object["spec"]["containers"] = {{{"name", "x"}, {"image", "1"}}, {{"name", "y"}}};
  object["metadata"]["finalizers"] = {"f1"};
  object["spec"]["args"] = {"old"};
  server_.objects().put(object);
  const Json change = Json::parse(R"({
      "metadata": {"finalizers": ["f2", "f1"]},
      "spec": {"args": ["new"], "$setElementOrder/containers": [{"name": "x"}],
               "containers": [{"name": "x", "image": "2"}, {"name": "y", "$patch": "delete"},
                              {"name": "z"}]}})");
  const Answer patched = patch(kPodPath, change, "application/strategic-merge-patch+json");
  ASSERT_EQ(patched.status, 200);
  EXPECT_EQ(patched.body["spec"]["containers"],
            Json::parse(R"([{"name": "x", "image": "2"}, {"name": "z"}])"));
  EXPECT_EQ(patched.body["spec"]["args"], Json::parse(R"(["new"])"));
  EXPECT_EQ(patched.body["metadata"]["finalizers"], Json::parse(R"(["f1", "f2"])"));
  EXPECT_EQ(patch(kPodPath, change, "application/json-patch+json").status, 415);
}

TEST_F(ApiServerTest, AChangeThatChangesNothingIsNone) {
  server_.objects().put(pod("a"));
  const auto version = server_.objects().version();
  EXPECT_EQ(patch(kPodPath, Json{{"metadata", {{"labels", {{"app", "web"}}}}}},
                  "application/merge-patch+json")
                .status,
            200);
  EXPECT_EQ(server_.objects().version(), version);
}

TEST_F(ApiServerTest, PagesShowTheListAsItWasAtFirst) {
  for (const char* name : {"a", "b", "c"}) {
    server_.objects().put(pod(name));
  }
  const Answer first = get("/api/v1/pods?limit=2");
  EXPECT_EQ(first.body["kind"], "PodList");
  EXPECT_EQ(first.body["items"].size(), 2U);
  EXPECT_FALSE(first.body["items"][0].contains("kind"));
  EXPECT_EQ(first.body["metadata"]["remainingItemCount"], 1);
  server_.objects().remove("Pod", "default", "c");
  const std::string cursor =
      httplib::detail::encode_query_param(first.body["metadata"]["continue"].get<std::string>());
  const Answer second = get("/api/v1/pods?limit=2&continue=" + cursor);
  EXPECT_EQ(name_of(second.body["items"][0]), "c");
  EXPECT_EQ(resource_version_of(second.body), resource_version_of(first.body));
  EXPECT_EQ(get("/api/v1/pods?resourceVersion=0&continue=" + cursor).status, 400);
  server_.objects().compact();
  EXPECT_EQ(get("/api/v1/pods?limit=2&continue=" + cursor).status, 410);
}

TEST_F(ApiServerTest, WhatItDoesNotHaveIsNotFound) {
  for (const char* path : {"/", "/api/v1/nothings", "/apis/x/v1/pods", "/api/v1/pods/a",
                           "/api/v1/namespaces/default/nodes", "/api/v1/nodes/a/b/c/d",
                           "/api/v1/namespaces/default/pods/a/log"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("/api/v1/pods?labelSelector=a+within+(b)").status, 400);
  EXPECT_EQ(get("/api/v1/pods?resourceVersion=x").status, 400);
  EXPECT_EQ(answer_of(client_.Post(kPodsPath, "{", "application/json")).status, 400);
}

TEST_F(ApiServerTest, WatchesTellWhatBegunAndCeasedToMatch) {
  server_.objects().put(pod("a", "n", "web"));
  const std::string from = std::to_string(server_.objects().version());
  server_.objects().put(pod("b", "n", "db"));
  server_.objects().put(pod("b", "n", "web"));
  server_.objects().put(pod("b", "m", "web"));
  server_.objects().put(pod("a", "n", "db"));
  server_.objects().remove("Pod", "default", "b");
  const std::string rest = "&timeoutSeconds=1&resourceVersion=" + from;
  EXPECT_THAT(watched("/api/v1/pods?watch=1&labelSelector=app%3Dweb" + rest),
              ElementsAre("ADDED b", "MODIFIED b", "DELETED a", "DELETED b"));
  EXPECT_THAT(watched("/api/v1/pods?watch=1&timeoutSeconds=1"), ElementsAre("ADDED a"));
}

TEST_F(ApiServerTest, WatchesOfAForgottenVersionEndWithAnError) {
  server_.objects().put(pod("a"));
  const std::string from = std::to_string(server_.objects().version());
  server_.objects().compact();
  EXPECT_THAT(watched("/api/v1/pods?watch=true&timeoutSeconds=60&resourceVersion=" + from),
              ElementsAre("ERROR "));
}

TEST_F(ApiServerTest, KindsCanBeDiscovered) {
  EXPECT_EQ(get("/api").body["versions"], Json::array({"v1"}));
  EXPECT_THAT(get("/apis").body.dump(), HasSubstr("networking.k8s.io/v1"));
  EXPECT_THAT(get("/api/v1").body.dump(), HasSubstr("pods/status"));
  EXPECT_THAT(get("/apis/networking.k8s.io/v1").body.dump(), HasSubstr("networkpolicies"));
  EXPECT_EQ(get("/apis/none/v1").status, 404);
  EXPECT_TRUE(get("/version").body.contains("gitVersion"));
}

}  // namespace
}  // namespace catena::kube
