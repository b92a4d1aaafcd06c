// Objects of the API server, as it writes them and as old ones are.
#include "common/netpol/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/netpol/objects_json.h"
#include "tests/support/must.h"
#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;
using test::must;

Json policy(const std::string& spec) {
  return {{"metadata", {{"namespace", "x"}, {"name", "p"}}}, {"spec", Json::parse(spec)}};
}

Json with_peer(const std::string& peer) {
  return policy(R"({"podSelector":{},"ingress":[{"from":[)" + peer + "]}]}");
}

Json with_port(const std::string& port) {
  return policy(R"({"podSelector":{},"ingress":[{"ports":[)" + port + "]}]}");
}

IpBlock block_in(const std::string& block) {
  return *must(policy_of(with_peer(R"({"ipBlock":)" + block + "}"))).ingress->at(0).peers[0].block;
}

TEST(PolicyObject, NetworksAreReadAsOldApiServersTookThem) {
  EXPECT_EQ(block_in(R"({"cidr":"10.161.0.0/8"})").cidr.to_string(), "10.0.0.0/8");
  EXPECT_EQ(block_in(R"({"cidr":"010.001.0.0/016"})").cidr.to_string(), "10.1.0.0/16");
  EXPECT_EQ(block_in(R"({"cidr":"2001:DB8::5/64"})").cidr.to_string(), "2001:db8::/64");
  EXPECT_EQ(block_in(R"({"cidr":"::ffff:10.1.2.3/112"})").cidr.to_string(), "10.1.0.0/16");
  EXPECT_EQ(block_in(R"({"cidr":"0.0.0.0/0","except":["10.1.2.3/8"]})").except.at(0).to_string(),
            "10.0.0.0/8");
}

TEST(PolicyObject, EqualSelectorsAreEqualValues) {
  const auto one = must(policy_of(policy(R"({"podSelector":{"matchLabels":{"b":"2","a":"1"}}})")));
  const auto other = must(policy_of(policy(
      R"({"podSelector":{"matchExpressions":[{"key":"b","operator":"In","values":["2","2"]},
          {"key":"a","operator":"In","values":["1"]},{"key":"a","operator":"In","values":["1"]}]}})")));
  EXPECT_EQ(one, other);
}

TEST(PolicyObject, WhatTheApiServerWouldNotHaveTakenIsRefusedByName) {
  struct Case {
    Json object;
    const char* named;
  };
  for (
      const Case& bad : {
          Case{Json::array(), "object"},
          Case{{{"metadata", {{"name", "p"}}}}, "metadata.namespace"},
          Case{policy(R"({"policyTypes":["Both"]})"), "spec.policyTypes"},
          Case{policy(R"({"ingress":{}})"), "spec.ingress"},
          Case{policy(R"({"podSelector":[]})"), "spec.podSelector"},
          Case{policy(R"({"podSelector":{"matchLabels":{"a":1}}})"), "matchLabels"},
          Case{policy(R"({"podSelector":{"matchExpressions":[{"key":"a","operator":"Is"}]}})"),
               "operator"},
          Case{policy(R"({"podSelector":{"matchExpressions":[{"key":"a","operator":"In"}]}})"),
               "values"},
          Case{
              policy(
                  R"({"podSelector":{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}})"),
              "values"},
          Case{with_peer("{}"), "spec.ingress[0].from[0]"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0/8"},"podSelector":{}})"), "ipBlock"},
          Case{with_peer(R"({"ipBlock":{}})"), "cidr"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0"}})"), "cidr"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0/33"}})"), "cidr"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/9"]}})"), "except"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0/8","except":["10.0.0.0/8"]}})"), "except"},
          Case{with_peer(R"({"ipBlock":{"cidr":"10.0.0.0/8","except":["fd00::/9"]}})"), "except"},
          Case{with_port(R"({"port":0})"), "port"},
          Case{with_port(R"({"port":65536})"), "port"},
          Case{with_port(R"({"port":"80"})"), "port"},
          Case{with_port(R"({"port":"Web"})"), "port"},
          Case{with_port(R"({"port":true})"), "port"},
          Case{with_port(R"({"endPort":80})"), "endPort"},
          Case{with_port(R"({"port":80,"endPort":79})"), "endPort"},
          Case{with_port(R"({"port":"web","endPort":80})"), "endPort"},
          Case{with_port(R"({"protocol":"ICMP"})"), "protocol"},
      }) {
    const auto read = policy_of(bad.object);
    ASSERT_FALSE(read.ok()) << bad.object;
    EXPECT_TRUE(read.error().is(base::ErrorKind::kUndecodable)) << bad.object;
    EXPECT_THAT(read.error().message(), HasSubstr(bad.named)) << bad.object;
  }
}

TEST(PodObject, HasWhatNetworkPolicyLooksAt) {
  const Pod pod = must(pod_of(Json::parse(R"({
      "metadata":{"namespace":"x","name":"a","uid":"u","labels":{"k":"v"},
                  "annotations":{"kubernetes.io/config.hash":"s"}},
      "spec":{"containers":[{"ports":[{"containerPort":1},{"name":"b","containerPort":2},
                                      {"name":"a","containerPort":3,"protocol":"SCTP"}]}]},
      "status":{"phase":"Running","podIP":"10.0.0.1","podIPs":[{"ip":"fd00::1"},{"ip":"10.0.0.1"}]}})")));
  EXPECT_EQ(pod, (Pod{.space = "x",
                      .name = "a",
                      .uid = "u",
                      .static_uid = "s",
                      .labels = {{"k", "v"}},
                      .addresses = {ip("10.0.0.1"), ip("fd00::1")},
                      .ports = {{.name = "a", .protocol = IPPROTO_SCTP, .port = 3},
                                {.name = "b", .protocol = IPPROTO_TCP, .port = 2}}}));
}

TEST(PodObject, WithoutAnAddressIsNoFailureButANonsenseAddressIs) {
  const Json bare = {{"metadata", {{"namespace", "x"}, {"name", "a"}}}};
  EXPECT_TRUE(must(pod_of(bare)).addresses.empty());
  Json bad = bare;
  bad["status"]["podIPs"] = {{{"ip", "nonsense"}}};
  EXPECT_THAT(pod_of(bad).error().message(), HasSubstr("status.podIPs[0].ip"));
}

TEST(Objects, AreReadAsTheyAreWritten) {
  const auto object = must(policy_of(policy(R"({
      "podSelector":{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"k","operator":"Exists"},
        {"key":"n","operator":"NotIn","values":["1","2"]}]},
      "policyTypes":["Egress","Ingress"],
      "ingress":[{},{"from":[{"podSelector":{}},{"namespaceSelector":{},"podSelector":{}},
        {"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],
        "ports":[{},{"port":80},{"port":80,"endPort":81},{"port":"web","protocol":"UDP"}]}]})")));
  EXPECT_EQ(must(policy_of(to_json(object))), object);
  const Namespace space{.name = "x", .labels = {{"a", "b"}}};
  EXPECT_EQ(must(namespace_of(to_json(space))), space);
  const Pod pod{.space = "x",
                .name = "a",
                .uid = "u",
                .static_uid = "s",
                .labels = {{"k", "v"}},
                .addresses = {ip("10.0.0.1"), ip("fd00::1")},
                .ports = {{.name = "a", .protocol = IPPROTO_SCTP, .port = 3}},
                .ignored = true};
  EXPECT_EQ(must(pod_of(to_json(pod))), pod);
}

}  // namespace
}  // namespace catena::netpol
