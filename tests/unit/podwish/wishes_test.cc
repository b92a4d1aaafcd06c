// What a pod object asks for, and the duty's words for it.
#include "common/podwish/wishes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::podwish {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using Json = nlohmann::json;

Json pod_with(const Json& containers, const Json& init = Json::array()) {
  return {{"metadata", {{"name", "web"}, {"uid", "u-1"}}},
          {"spec", {{"containers", containers}, {"initContainers", init}}}};
}

Json container(const char* list, const Json& amount) {
  return {{"name", "c"}, {"resources", {{list, {{"cpu", "1"}, {"aliyun/eni", amount}}}}}};
}

TEST(PodWishes, AnEniIsAskedForByAnyContainer) {
  const Json plain = {{"name", "plain"}};
  EXPECT_TRUE(wishes_of(pod_with(Json::array({container("limits", "1")}))).eni);
  EXPECT_TRUE(wishes_of(pod_with(Json::array({plain, container("requests", "1")}))).eni);
  EXPECT_TRUE(
      wishes_of(pod_with(Json::array({plain}), Json::array({plain, container("limits", "2")})))
          .eni);
  EXPECT_TRUE(wishes_of(pod_with(Json::array({container("limits", 1)}))).eni);
  EXPECT_FALSE(wishes_of(pod_with(Json::array({plain}))).eni);
  EXPECT_FALSE(wishes_of(pod_with(Json::array({container("limits", "0")}))).eni);
  EXPECT_FALSE(wishes_of(pod_with(Json::array({container("limits", 0)}))).eni);
}

TEST(PodWishes, TheAnnotationCounts) {
  Json pod = pod_with(Json::array());
  pod["metadata"]["annotations"] = {{"k8s.aliyun.com/eni", "true"}};
  EXPECT_TRUE(wishes_of(pod).eni);
  pod["metadata"]["annotations"] = {{"k8s.aliyun.com/eni", "false"}};
  EXPECT_FALSE(wishes_of(pod).eni);
}

TEST(PodWishes, OnlyAnnotationsThatAreWishesAreKept) {
  Json pod = pod_with(Json::array());
  pod["metadata"]["annotations"] = {{"kubernetes.io/egress-bandwidth", "10M"},
                                    {"k8s.aliyun.com/pod-ips", "10.0.0.1"},
                                    {"k8s.aliyun.com/ingress-bandwidth", "1m"},
                                    {"prometheus.io/scrape", "true"},
                                    {"kubernetes.io/ingress-bandwidth", 7}};
  EXPECT_THAT(wishes_of(pod).annotations,
              UnorderedElementsAre(Pair("kubernetes.io/egress-bandwidth", "10M"),
                                   Pair("k8s.aliyun.com/ingress-bandwidth", "1m")));
}

TEST(PodWishes, AnObjectOfAnotherShapeAsksForNothing) {
  for (const char* text :
       {"null", "[]", "{}", "7", R"({"spec":[]})", R"({"spec":{"containers":{}}})",
        R"({"spec":{"containers":[1,null,"x",{"resources":[]}]}})",
        R"({"spec":{"containers":[{"resources":{"limits":{"aliyun/eni":["1"]}}}]}})",
        R"({"metadata":{"annotations":["k8s.aliyun.com/eni"]}})"}) {
    const Wishes wishes = wishes_of(Json::parse(text));
    EXPECT_FALSE(wishes.eni) << text;
    EXPECT_THAT(wishes.annotations, IsEmpty()) << text;
  }
}

TEST(PodWishes, AStaticPodIsKnownByBothItsUids) {
  Json mirror = pod_with(Json::array());
  mirror["metadata"]["annotations"] = {{"kubernetes.io/config.hash", "h-7"}};
  EXPECT_TRUE(wishes_of(mirror).are_of("u-1"));
  EXPECT_TRUE(wishes_of(mirror).are_of("h-7"));
  EXPECT_FALSE(wishes_of(mirror).are_of("u-2"));
  EXPECT_FALSE(wishes_of(mirror).are_of(""));
  EXPECT_FALSE(wishes_of(pod_with(Json::array())).are_of(""));
}

TEST(PodWishes, AreReadAsTheyWereWritten) {
  const Wishes wishes{
      .eni = true, .annotations = {{std::string(kIngressBandwidth), "10M"}}, .uid = "u-1"};
  const auto read = parse_wishes(to_json(wishes));
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_TRUE(read->eni);
  EXPECT_EQ(read->annotations, wishes.annotations);
  EXPECT_EQ(read->uid, "u-1");
  EXPECT_EQ(Json::parse(to_args({.space = "shop", .name = "web", .uid = "u-1"})),
            (Json{{"namespace", "shop"}, {"name", "web"}, {"uid", "u-1"}}));
}

TEST(PodWishes, AnAnswerOfAnotherShapeIsRefused) {
  for (const char* text : {"null", "{}", R"({"eni":true})", R"({"eni":1,"annotations":{}})",
                           R"({"eni":true,"annotations":[]})"}) {
    const auto read = parse_wishes(Json::parse(text));
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_TRUE(read.error().is(base::ErrorKind::kUndecodable));
  }
}

}  // namespace
}  // namespace catena::podwish
