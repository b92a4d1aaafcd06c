// Which rule decides, in words and fields.
#include "common/netpol/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/must.h"
#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

using test::must;
using testing::ElementsAre;
using testing::HasSubstr;

Scene web_and_client() {
  Scene scene;
  scene.space("x").pod("x/web", {"10.0.0.1", "fd00::1"}, R"({"app":"web"})");
  scene.pod("x/client", {"10.0.0.2", "fd00::2"}, R"({"access":"true"})");
  scene.pod("x/other", {"10.0.0.3"});
  scene.policy("x/web", R"({"podSelector":{"matchLabels":{"app":"web"}},"ingress":[
      {"from":[{"podSelector":{"matchLabels":{"access":"true"}}}],"ports":[{"port":80}]},
      {"from":[{"ipBlock":{"cidr":"192.0.2.0/24"}}]}]})");
  return scene;
}

Explanation ask(Scene& scene, const End& source, std::uint16_t port = 80) {
  return must(explain(scene.compiler(),
                      {.source = source, .destination = {.pod = Key("x", "web")}, .port = port}));
}

TEST(Explain, NamesTheRuleThatAllows) {
  Scene scene = web_and_client();
  const Explanation found = ask(scene, {.pod = Key("x", "client")});
  EXPECT_TRUE(found.allowed());
  EXPECT_EQ(found.egress.why, Why::kNotIsolated);
  EXPECT_EQ(found.ingress.why, Why::kRule);
  EXPECT_THAT(found.ingress.allowing, ElementsAre(RuleName{.policy = "web", .rule = 0}));
  EXPECT_EQ(to_text(found),
            "x/client (10.0.0.2) to x/web (10.0.0.1), TCP port 80: allowed\n"
            "  egress of x/client (10.0.0.2): allowed: no policy selects it for egress\n"
            "  ingress of x/web (10.0.0.1): allowed by ingress rule 1 of policy web\n");
  const auto fields = to_json(found);
  EXPECT_EQ(fields["allowed"], true);
  EXPECT_EQ(fields["ingress"]["allowing"][0]["policy"], "web");
}

TEST(Explain, NamesThePoliciesThatDenyAndWhatNearlyMatched) {
  Scene scene = web_and_client();
  const Explanation port = ask(scene, {.pod = Key("x", "client")}, 81);
  EXPECT_FALSE(port.allowed());
  EXPECT_THAT(port.ingress.policies, ElementsAre("web"));
  EXPECT_THAT(to_text(port), HasSubstr("the peer but not the port matches ingress rule 1"));
  const Explanation peer = ask(scene, {.pod = Key("x", "other")});
  EXPECT_FALSE(peer.allowed());
  EXPECT_THAT(to_text(peer), HasSubstr("the port but not the peer matches ingress rule 1"));
}

TEST(Explain, AnAddressMayBeAPodsOrNot) {
  Scene scene = web_and_client();
  EXPECT_TRUE(ask(scene, {.pod = {}, .address = ip("10.0.0.2")}).allowed());
  EXPECT_FALSE(ask(scene, {.pod = {}, .address = ip("10.0.0.3")}).allowed());
  const Explanation outside = ask(scene, {.pod = {}, .address = ip("192.0.2.7")}, 9);
  EXPECT_EQ(outside.egress.why, Why::kNoPod);
  EXPECT_THAT(outside.ingress.allowing, ElementsAre(RuleName{.policy = "web", .rule = 1}));
}

TEST(Explain, OfTwoFamiliesTheAddressThatIsNamedCounts) {
  Scene scene = web_and_client();
  const Explanation found = ask(scene, {.pod = {}, .address = ip("fd00::2")});
  EXPECT_EQ(found.destination, ip("fd00::1"));
  EXPECT_TRUE(found.allowed());
  const Question mixed{.source = {.pod = Key("x", "other")},
                       .destination = {.pod = Key("x", "web"), .address = ip("fd00::1")}};
  EXPECT_TRUE(explain(scene.compiler(), mixed).error().is(base::ErrorKind::kBadConfig));
}

TEST(Explain, WhatIsNeverJudgedIsSaidToo) {
  Scene scene = web_and_client();
  EXPECT_EQ(ask(scene, {.pod = Key("x", "web")}).ingress.why, Why::kSamePod);
  const Question node{.source = {.pod = {}, .address = ip("172.16.0.1")},
                      .destination = {.pod = Key("x", "web")},
                      .port = 80,
                      .from_own_node = true};
  EXPECT_EQ(must(explain(scene.compiler(), node)).ingress.why, Why::kOwnNode);
  scene.patch("x/web", R"({"spec":{"hostNetwork":true}})");
  EXPECT_EQ(ask(scene, {.pod = Key("x", "other")}).ingress.why, Why::kIgnored);
}

TEST(Explain, UnknownPodsAndEmptyEndsAreErrors) {
  Scene scene = web_and_client();
  const Question unknown{.source = {.pod = Key("x", "nobody")},
                         .destination = {.pod = Key("x", "web")}};
  EXPECT_THAT(explain(scene.compiler(), unknown).error().message(), HasSubstr("x/nobody"));
  const Question wrong{.source = {.pod = Key("x", "client"), .address = ip("10.9.9.9")},
                       .destination = {.pod = Key("x", "web")}};
  EXPECT_THAT(explain(scene.compiler(), wrong).error().message(), HasSubstr("10.9.9.9"));
  EXPECT_FALSE(explain(scene.compiler(), {}).ok());
}

}  // namespace
}  // namespace catena::netpol
