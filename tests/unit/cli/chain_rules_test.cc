#include "cli/chain_rules.h"

#include <gmock/gmock.h>

#include "cli/mark_mask.h"
#include "tests/unit/cli/written_conflist.h"

namespace catena::test {
namespace {

using cli::Finding;
using cli::Findings;
using cli::Verdict;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const json kBandwidth{{"type", "bandwidth"}, {"capabilities", {{"bandwidth", true}}}};
const json kPortmap{{"type", "portmap"}, {"capabilities", {{"portMappings", true}}}};

json maker(const std::string& type, json keys = json::object()) {
  keys["type"] = type;
  return keys;
}

auto is(const std::string& subject, Verdict verdict, const std::string& text) {
  return testing::AllOf(testing::Field(&Finding::subject, subject),
                        testing::Field(&Finding::verdict, verdict),
                        testing::Field(&Finding::text, HasSubstr(text)));
}

TEST(ChainOrder, ThePresetsOfTheDesignAreInOrder) {
  const TempDir dir;
  const json closed{{"closedUntilPolicy", true}};
  const json annotated{{"closedUntilPolicy", true},
                       {"capabilities", {{"io.kubernetes.cri.pod-annotations", true}}}};
  for (const std::vector<json>& plugins :
       {std::vector<json>({maker("catena-vpc-route"), kBandwidth, kPortmap}),
        std::vector<json>({maker("catena-eni", annotated), maker("catena-multiip", closed),
                           kBandwidth, maker("catena-policy"), kPortmap}),
        std::vector<json>({maker("catena-eni", {{"when", "always"}}), kBandwidth}),
        std::vector<json>({maker("ptp"), kBandwidth})}) {
    const auto conflist = written(dir, chain_of(plugins));
    EXPECT_THAT(check_order(conflist), IsEmpty()) << plugins.front();
    EXPECT_THAT(check_policy(conflist), IsEmpty()) << plugins.front();
    EXPECT_THAT(check_marks(conflist), IsEmpty()) << plugins.front();
    EXPECT_THAT(check_agreement(conflist), IsEmpty()) << plugins.front();
  }
}

TEST(ChainOrder, WhatMakesTheInterfaceComesFirst) {
  const TempDir dir;
  EXPECT_THAT(check_order(written(dir, chain_of({kBandwidth, maker("catena-vpc-route")}))),
              ElementsAre(is("plugins[1]", Verdict::kBad, "stands behind bandwidth")));
  EXPECT_THAT(check_order(written(dir, chain_of({maker("catena-multiip"), maker("catena-eni")}))),
              ElementsAre(is("plugins[1]", Verdict::kBad, "stands behind catena-multiip")));
}

TEST(ChainOrder, TwoThatDoTheSameAreRefused) {
  const TempDir dir;
  EXPECT_THAT(
      check_order(written(dir, chain_of({maker("catena-vpc-route"), maker("catena-multiip")}))),
      ElementsAre(is("plugins[1]", Verdict::kBad, "beside catena-vpc-route")));
  EXPECT_THAT(check_order(written(dir, chain_of({maker("catena-vpc-route"), kBandwidth,
                                                 maker("catena-bandwidth")}))),
              ElementsAre(is("plugins[2]", Verdict::kBad, "limit the pod")));
}

TEST(ChainOrder, APodThatAsksForNoEniNeedsAnInterfaceToo) {
  const TempDir dir;
  const auto conflist =
      written(dir, chain_of({maker("catena-eni", {{"when", "requested"}}), kBandwidth}));
  EXPECT_THAT(check_order(conflist), ElementsAre(is("plugins", Verdict::kBad, "every pod")));
}

TEST(ChainOrder, NoPodIsLeftBehindOneThatAlwaysServes) {
  const TempDir dir;
  const auto conflist =
      written(dir, chain_of({maker("catena-eni", {{"when", "always"}}), maker("catena-multiip")}));
  EXPECT_THAT(check_order(conflist),
              ElementsAre(is("plugins[0].when", Verdict::kWarning, "no pod is left")));
}

TEST(ChainAgreement, WithoutAnnotationsAWishMayNotBeSeen) {
  const TempDir dir;
  const auto conflist = written(dir, chain_of({maker("catena-eni"), maker("catena-vpc-route")}));
  EXPECT_THAT(check_agreement(conflist),
              ElementsAre(is("plugins[0].capabilities", Verdict::kWarning, "is not seen")));
}

TEST(ChainPolicy, ClosedUntilPolicyIsDemandedBeforePolicyAndRefusedWithout) {
  const TempDir dir;
  const json closed{{"closedUntilPolicy", true}};
  EXPECT_THAT(
      check_policy(written(dir, chain_of({maker("catena-vpc-route"), maker("catena-policy")}))),
      ElementsAre(is("plugins[0].closedUntilPolicy", Verdict::kBad, "must be true")));
  EXPECT_THAT(check_policy(written(dir, chain_of({maker("catena-vpc-route", closed)}))),
              ElementsAre(is("plugins[0].closedUntilPolicy", Verdict::kBad, "no pod would ever")));
  EXPECT_THAT(
      check_policy(written(dir, chain_of({maker("catena-eni", closed), maker("catena-vpc-route"),
                                          maker("catena-policy")}))),
      ElementsAre(is("plugins[1].closedUntilPolicy", Verdict::kBad, "must be true")));
}

TEST(ChainPolicy, IptablesHasNoGuardThatCouldBeOpened) {
  const TempDir dir;
  const json iptables = maker("catena-policy", {{"backend", "iptables"}});
  EXPECT_THAT(
      check_policy(written(
          dir, chain_of({maker("catena-vpc-route", {{"closedUntilPolicy", true}}), iptables}))),
      ElementsAre(is("plugins[0].closedUntilPolicy", Verdict::kBad, "opens no guard")));
  EXPECT_THAT(check_policy(written(dir, chain_of({maker("catena-vpc-route"), iptables}))),
              IsEmpty());
}

TEST(ChainMarks, BitsOfKubeProxyAndPortmapAreNotOurs) {
  const TempDir dir;
  const auto with = [&](const json& mask, const json& behind) {
    return check_marks(
        written(dir, chain_of({maker("catena-multiip", {{"markMask", mask}}), behind})));
  };
  EXPECT_THAT(with("0x0000ff00", kBandwidth),
              ElementsAre(is("plugins[0].markMask", Verdict::kBad, "kube-proxy")));
  EXPECT_THAT(with("0x00003fc0", kPortmap),
              ElementsAre(is("plugins[0].markMask", Verdict::kBad, "portmap's mark 0x00002000")));
  EXPECT_THAT(with("0x000000ff", kPortmap), IsEmpty());
  json moved = kPortmap;
  moved["markMasqBit"] = 24;
  EXPECT_THAT(with(0x0ff00000U, moved),
              ElementsAre(is("plugins[0].markMask", Verdict::kBad, "0x01000000")));
}

TEST(ChainMarks, ANodeHasOneMask) {
  const TempDir dir;
  const auto conflist = written(
      dir, chain_of({maker("catena-eni", {{"markMask", "0x00ff0000"}}), maker("catena-multiip")}));
  EXPECT_THAT(check_marks(conflist),
              ElementsAre(is("plugins[1].markMask", Verdict::kBad, "is not 0x00ff0000")));
}

TEST(ChainAgreement, PluginsShareOneStoreAndAreToldWhatPodsAskFor) {
  const TempDir dir;
  const auto conflist = written(
      dir, chain_of({maker("catena-eni", {{"when", "always"}}),
                     maker("catena-multiip", {{"stateDir", "/elsewhere"}}), maker("bandwidth"),
                     maker("portmap", {{"capabilities", json::object()}})}));
  EXPECT_THAT(check_agreement(conflist),
              ElementsAre(is("plugins[1].stateDir", Verdict::kBad, "/var/lib/catena"),
                          is("plugins[2].capabilities", Verdict::kWarning, "bandwidth"),
                          is("plugins[3].capabilities", Verdict::kWarning, "portMappings")));
  const auto policy = written(
      dir,
      chain_of({maker("catena-vpc-route"), maker("catena-policy", {{"stateDir", "/elsewhere"}})}));
  EXPECT_THAT(check_agreement(policy),
              ElementsAre(is("plugins[1].stateDir", Verdict::kBad, "/var/lib/catena")));
}

TEST(MarkMask, NumbersAreReadAsJsonAndAdminsWriteThem) {
  EXPECT_EQ(cli::number_from("0x0ff00000"), 0x0ff00000U);
  EXPECT_EQ(cli::number_from("267386880"), 267386880U);
  for (const char* bad : {"", "0x", "0xfffffffff", "12a", "-1", " 1"}) {
    EXPECT_EQ(cli::number_from(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace catena::test
