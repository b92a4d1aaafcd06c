// From and to whom a rule allows.
#include <gtest/gtest.h>

#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

Scene four_pods() {
  Scene scene;
  scene.space("x", R"({"ns":"x","kubernetes.io/metadata.name":"x"})");
  scene.space("y", R"({"ns":"y","kubernetes.io/metadata.name":"y"})");
  scene.pod("x/a", {"10.0.0.1"}, R"({"pod":"a"})");
  scene.pod("x/b", {"10.0.0.2"}, R"({"pod":"b"})");
  scene.pod("y/a", {"10.0.0.3"}, R"({"pod":"a"})");
  scene.far_pod("y/b", {"10.0.0.4"}, R"({"pod":"b"})");
  return scene;
}

// Who of x/b, y/a, y/b and an address outside reaches x/a, as their first letters.
std::string who(const std::string& peers) {
  Scene scene = four_pods();
  scene.policy("x/p",
               R"({"podSelector":{"matchLabels":{"pod":"a"}},"ingress":[{"from":)" + peers + "}]}");
  std::string reach;
  for (const char* from : {"x/b", "y/a", "y/b", "192.0.2.1"}) {
    reach += scene.reaches(from, "x/a") ? std::string(from) + " " : "";
  }
  return reach;
}

TEST(Peers, PodSelectorAloneIsOfThePolicysNamespace) {
  EXPECT_EQ(who(R"([{"podSelector":{}}])"), "x/b ");
  EXPECT_EQ(who(R"([{"podSelector":{"matchLabels":{"pod":"b"}}}])"), "x/b ");
  EXPECT_EQ(who(R"([{"podSelector":{"matchLabels":{"pod":"c"}}}])"), "");
}

TEST(Peers, NamespaceSelectorAloneIsAllPodsOfTheseNamespaces) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{"matchLabels":{"ns":"y"}}}])"), "y/a y/b ");
  EXPECT_EQ(who(R"([{"namespaceSelector":{}}])"), "x/b y/a y/b ");
}

TEST(Peers, BothInOneEntryMustMatchAndOfTwoEntriesOne) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{"matchLabels":{"ns":"y"}},
                     "podSelector":{"matchLabels":{"pod":"b"}}}])"),
            "y/b ");
  EXPECT_EQ(who(R"([{"namespaceSelector":{"matchLabels":{"ns":"y"}}},
                    {"podSelector":{"matchLabels":{"pod":"b"}}}])"),
            "x/b y/a y/b ");
}

TEST(Peers, TheNamespacesNameIsAnOrdinaryLabel) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"y"}}}])"),
            "y/a y/b ");
  Scene scene = four_pods();
  scene.space("y", "{}");
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"namespaceSelector":
      {"matchLabels":{"kubernetes.io/metadata.name":"y"}}}]}]})");
  EXPECT_FALSE(scene.reaches("y/a", "x/a"));
}

TEST(Peers, APodOrNamespacePeerNeverMatchesAnAddressOutsideTheCluster) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{}}])"), "x/b y/a y/b ");
}

TEST(Peers, NotInAlsoMatchesWhereTheKeyIsAbsent) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchExpressions":
                   [{"key":"tier","operator":"NotIn","values":["db"]}]}}])"),
            "x/b y/a y/b ");
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchExpressions":
                   [{"key":"pod","operator":"NotIn","values":["b"]}]}}])"),
            "y/a ");
}

TEST(Peers, InNeedsTheKeyAlsoForAnEmptyValue) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchExpressions":
                   [{"key":"tier","operator":"In","values":["",  "a"]}]}}])"),
            "");
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchLabels":{"tier":""}}}])"), "");
}

TEST(Peers, ExistsAndDoesNotExist) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchExpressions":
                   [{"key":"pod","operator":"Exists"}]}}])"),
            "x/b y/a y/b ");
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchExpressions":
                   [{"key":"pod","operator":"DoesNotExist"}]}}])"),
            "");
}

TEST(Peers, LabelsAndExpressionsOfOneSelectorMustAllMatch) {
  EXPECT_EQ(who(R"([{"namespaceSelector":{},"podSelector":{"matchLabels":{"pod":"b"},
                   "matchExpressions":[{"key":"pod","operator":"NotIn","values":["b"]}]}}])"),
            "");
}

TEST(Peers, AnIpBlockMatchesWhateverTheAddressIs) {
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"10.0.0.0/30"}}])"), "x/b y/a ");
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"10.0.0.4/32"}}])"), "y/b ");
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"0.0.0.0/0"}}])"), "x/b y/a y/b 192.0.2.1 ");
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"::/0"}}])"), "");
}

TEST(Peers, WhatABlockExceptsAnotherPeerMayAllow) {
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8"]}}])"), "192.0.2.1 ");
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"0.0.0.0/0","except":["10.0.0.0/8"]}},
                    {"ipBlock":{"cidr":"10.0.0.2/31"}}])"),
            "x/b y/a 192.0.2.1 ");
}

TEST(Peers, ABlockMayHaveHostBits) {
  EXPECT_EQ(who(R"([{"ipBlock":{"cidr":"10.0.0.6/29"}}])"), "x/b y/a y/b ");
}

TEST(Peers, EachFamilyHasSetsOfItsOwn) {
  Scene scene;
  scene.space("x").pod("x/a", {"10.0.0.1", "fd00::1"}).far_pod("x/b", {"10.0.0.2", "fd00::2"});
  scene.policy("x/p", R"({"podSelector":{},"ingress":[{"from":[{"podSelector":{}},
      {"ipBlock":{"cidr":"192.0.2.0/24"}},{"ipBlock":{"cidr":"2001:db8::/32"}}]}]})");
  for (const char* from : {"fd00::2", "2001:db8::7"}) {
    EXPECT_TRUE(scene.reaches(from, "fd00::1")) << from;
  }
  for (const char* from : {"10.0.0.2", "192.0.2.9"}) {
    EXPECT_TRUE(scene.reaches(from, "10.0.0.1")) << from;
  }
  EXPECT_FALSE(scene.reaches("2001:db9::7", "fd00::1"));
}

}  // namespace
}  // namespace catena::netpol
