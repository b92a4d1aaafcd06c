// Whom a policy selects, and what it is to be isolated.
#include <gtest/gtest.h>

#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

constexpr const char* kDenyIngress = R"({"podSelector":{},"policyTypes":["Ingress"]})";
constexpr const char* kDenyEgress = R"({"podSelector":{},"policyTypes":["Egress"]})";

Scene three_pods() {
  Scene scene;
  scene.space("x", R"({"ns":"x"})").space("y", R"({"ns":"y"})");
  scene.pod("x/a", {"10.0.0.1"}, R"({"pod":"a"})");
  scene.pod("x/b", {"10.0.0.2"}, R"({"pod":"b"})");
  scene.pod("y/a", {"10.0.0.3"}, R"({"pod":"a"})");
  return scene;
}

TEST(Selection, APolicyActsOnPodsOfItsOwnNamespaceThatMatch) {
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{"matchLabels":{"pod":"a"}}})");
  EXPECT_FALSE(scene.reaches("x/b", "x/a"));
  EXPECT_TRUE(scene.reaches("x/a", "x/b"));
  EXPECT_TRUE(scene.reaches("x/a", "y/a"));
}

TEST(Selection, AnEmptyOrAbsentPodSelectorSelectsAllOfTheNamespace) {
  for (const char* spec : {R"({"podSelector":{}})", "{}", R"({"podSelector":null})"}) {
    Scene scene = three_pods();
    scene.policy("x/p", spec);
    EXPECT_FALSE(scene.reaches("y/a", "x/a")) << spec;
    EXPECT_FALSE(scene.reaches("y/a", "x/b")) << spec;
    EXPECT_TRUE(scene.reaches("x/a", "y/a")) << spec;
  }
}

TEST(Selection, IsolationIsPerDirection) {
  Scene scene = three_pods();
  scene.policy("x/p", kDenyIngress);
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
  EXPECT_TRUE(scene.reaches("x/a", "y/a"));
  scene.no_policy("x/p").policy("x/q", kDenyEgress);
  EXPECT_TRUE(scene.reaches("y/a", "x/a"));
  EXPECT_FALSE(scene.reaches("x/a", "y/a"));
}

TEST(Selection, PoliciesAddUp) {
  Scene scene = three_pods();
  scene.policy("x/none", kDenyIngress);
  scene.policy("x/web", R"({"podSelector":{},"ingress":[{"ports":[{"port":80}]}]})");
  scene.policy("x/dns", R"({"podSelector":{},"ingress":[{"ports":[{"port":53}]}]})");
  EXPECT_TRUE(scene.reaches("y/a", "x/a", 80));
  EXPECT_TRUE(scene.reaches("y/a", "x/a", 53));
  EXPECT_FALSE(scene.reaches("y/a", "x/a", 81));
}

TEST(Selection, AConnectionNeedsBothEnds) {
  Scene scene = three_pods();
  scene.policy("x/out", kDenyEgress);
  scene.policy("y/in", R"({"podSelector":{},"ingress":[{}]})");
  EXPECT_FALSE(scene.reaches("x/a", "y/a"));
  scene.policy("x/out", R"({"podSelector":{},"policyTypes":["Egress"],"egress":[{}]})");
  EXPECT_TRUE(scene.reaches("x/a", "y/a"));
  scene.policy("y/in", kDenyIngress);
  EXPECT_FALSE(scene.reaches("x/a", "y/a"));
}

TEST(Selection, PolicyTypesAreDefaultedAsTheApiServerDoes) {
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{},"egress":[]})");
  EXPECT_TRUE(scene.reaches("x/a", "y/a"));
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
  scene.policy("x/p", R"({"podSelector":{},"egress":[{"ports":[{"port":53}]}]})");
  EXPECT_TRUE(scene.reaches("x/a", "y/a", 53));
  EXPECT_FALSE(scene.reaches("x/a", "y/a", 80));
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
}

TEST(Selection, NoRuleAllowsNothingAndAnEmptyRuleEverything) {
  for (const char* ingress : {"", R"(,"ingress":null)", R"(,"ingress":[])"}) {
    Scene scene = three_pods();
    scene.policy("x/p", R"({"podSelector":{})" + std::string(ingress) + "}");
    EXPECT_FALSE(scene.reaches("y/a", "x/a")) << ingress;
  }
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{}]})");
  EXPECT_TRUE(scene.reaches("y/a", "x/a"));
  EXPECT_TRUE(scene.reaches("8.8.8.8", "x/a", 0, IPPROTO_ICMP));
}

TEST(Selection, AbsentOrEmptyFromIsAnyPeerAndPortsAnyProtocol) {
  for (const char* rule : {"{}", R"({"from":[],"ports":[]})", R"({"from":null})"}) {
    Scene scene = three_pods();
    scene.policy("x/p", R"({"podSelector":{},"ingress":[)" + std::string(rule) + "]}");
    EXPECT_TRUE(scene.reaches("y/a", "x/a", 4000, IPPROTO_SCTP)) << rule;
    EXPECT_TRUE(scene.reaches("1.2.3.4", "x/a", 0, IPPROTO_ICMP)) << rule;
  }
}

TEST(Selection, LabelsOfPodsChangeWhoIsSubjectAndPeer) {
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{"matchLabels":{"pod":"a"}},
                          "ingress":[{"from":[{"podSelector":{"matchLabels":{"pod":"b"}}}]}]})");
  EXPECT_TRUE(scene.reaches("x/b", "x/a"));
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
  scene.patch("x/b", R"({"metadata":{"labels":{"pod":"c"}}})");
  EXPECT_FALSE(scene.reaches("x/b", "x/a"));
  scene.patch("x/a", R"({"metadata":{"labels":{"pod":"z"}}})");
  EXPECT_TRUE(scene.reaches("y/a", "x/a"));
}

TEST(Selection, LabelsOfNamespacesChangeWhoIsPeer) {
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{},
    "ingress":[{"from":[{"namespaceSelector":{"matchLabels":{"ns":"y"}}}]}]})");
  EXPECT_TRUE(scene.reaches("y/a", "x/a"));
  scene.space("y", R"({"ns":"other"})");
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
  scene.compiler().remove_namespace("y");
  scene.space("y", R"({"ns":"y"})");
  EXPECT_TRUE(scene.reaches("y/a", "x/a"));
}

TEST(Selection, PodsOnTheHostsNetworkAndFinishedPodsAreNeitherSubjectNorPeer) {
  for (const char* patch :
       {R"({"spec":{"hostNetwork":true}})", R"({"status":{"phase":"Succeeded"}})",
        R"({"status":{"phase":"Failed"}})"}) {
    Scene scene = three_pods();
    scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]})");
    EXPECT_TRUE(scene.reaches("x/b", "x/a")) << patch;
    scene.patch("x/b", patch);
    EXPECT_FALSE(scene.reaches("x/b", "x/a")) << patch;
    EXPECT_TRUE(scene.reaches("x/a", "x/b")) << patch;
  }
}

TEST(Selection, ATerminatingPodIsStillBoth) {
  Scene scene = three_pods();
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]})");
  scene.patch("x/b", R"({"metadata":{"deletionTimestamp":"2024-01-01T00:00:00Z"},
                         "status":{"phase":"Running"}})");
  EXPECT_TRUE(scene.reaches("x/b", "x/a"));
  EXPECT_FALSE(scene.reaches("y/a", "x/b"));
}

TEST(Selection, AllAddressesOfAPodCountAlsoThoseThatOnlyItsNodeKnows) {
  Scene scene = three_pods();
  scene.pod("x/d", {"10.0.0.4", "fd00::4"});
  scene.compiler().put(LocalPod{
      .id = "xd", .space = "x", .name = "d", .addresses = {ip("10.0.0.4"), ip("10.9.0.4")}});
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}}]}]})");
  for (const char* address : {"10.0.0.4", "10.9.0.4"}) {
    EXPECT_FALSE(scene.reaches("y/a", address)) << address;
    EXPECT_TRUE(scene.reaches(address, "x/a")) << address;
  }
  EXPECT_FALSE(scene.reaches("fd00::99", "fd00::4"));
}

TEST(Selection, ANewPodIsIsolatedUntilItsObjectIsKnown) {
  Compiler compiler;
  compiler.put(LocalPod{.id = "1", .space = "x", .name = "a", .addresses = {ip("10.0.0.1")}});
  compiler.put(LocalPod{.id = "2",
                        .space = "x",
                        .name = "b",
                        .addresses = {ip("10.0.0.2")},
                        .closed_while_unknown = false});
  const Subject closed = compiler.rules().subjects.at("1");
  EXPECT_EQ(closed.ingress, std::vector<std::string>());
  EXPECT_EQ(closed.egress, std::vector<std::string>());
  const Subject open = compiler.rules().subjects.at("2");
  EXPECT_FALSE(open.ingress.has_value() || open.egress.has_value());
  compiler.put(Pod{.space = "x", .name = "a"});
  EXPECT_FALSE(compiler.rules().subjects.at("1").ingress.has_value());
}

TEST(Selection, AnObjectOfTheSameNameWithAnotherUidIsAnotherPod) {
  Compiler compiler;
  compiler.put(
      LocalPod{.id = "1", .space = "x", .name = "a", .uid = "u1", .addresses = {ip("10.0.0.1")}});
  compiler.put(Pod{.space = "x", .name = "a", .uid = "u2"});
  EXPECT_TRUE(compiler.rules().subjects.at("1").ingress.has_value());
  // A static pod's mirror has a uid of its own.
  compiler.put(Pod{.space = "x", .name = "a", .uid = "u2", .static_uid = "u1"});
  EXPECT_FALSE(compiler.rules().subjects.at("1").ingress.has_value());
}

TEST(Selection, APodWithTwoAttachmentsHasEachAddressOnce) {
  Compiler compiler;
  compiler.put(Pod{.space = "x", .name = "a", .addresses = {ip("10.0.0.1"), ip("fd00::1")}});
  compiler.put(LocalPod{.id = "1", .space = "x", .name = "a", .addresses = {ip("10.1.0.1")}});
  compiler.put(LocalPod{.id = "2", .space = "x", .name = "a", .addresses = {ip("10.0.0.1")}});
  using Addresses = std::vector<base::IpAddress>;
  EXPECT_EQ(compiler.rules().subjects.at("1").addresses,
            (Addresses{ip("10.1.0.1"), ip("fd00::1")}));
  EXPECT_EQ(compiler.rules().subjects.at("2").addresses, Addresses{ip("10.0.0.1")});
}

}  // namespace
}  // namespace catena::netpol
