// Addresses of shared ENIs: who gets which, and how many are left.
#include "tests/unit/ipam/eni_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using base::Family;
using std::chrono::seconds;
using testing::HasSubstr;

TEST_F(EniClaimTest, PodsGetTheAddressesOfAnEniThePrimaryOneIncludedUntilNoneIsLeft) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11"});
  EXPECT_EQ(claim("a"), "eni-1: 10.1.0.10");
  EXPECT_EQ(claim("b"), "eni-1: 10.1.0.11");
  EXPECT_EQ(claim("c"), "nothing");
  EXPECT_EQ(node_.find("a"), "10.1.0.10");
  EXPECT_EQ(node_.store().eni_of("a", "eth0").value().value_or(Eni{}).id, "eni-1");
  EXPECT_FALSE(node_.store().eni_of("c", "eth0").value().has_value());
}

TEST_F(EniClaimTest, AskingAStoreThatWasNeverMadeMakesNone) {
  EXPECT_EQ(claim("a"), "nothing");
  EXPECT_EQ(stock(), "");
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(EniClaimTest, OnlySharedEnisInUseServe) {
  put_eni("eni-1", {"10.1.0.10"}, "exclusive");
  put_eni("eni-2", {"10.1.0.20"}, "shared", EniState::kCreated);
  put_eni("eni-3", {"10.1.0.30"}, "shared", EniState::kReleasing);
  EXPECT_EQ(claim("a"), "nothing");
  put_eni("eni-2", {"10.1.0.20"});
  EXPECT_EQ(claim("a"), "eni-2: 10.1.0.20");
}

TEST_F(EniClaimTest, TheAddressFreeForLongestIsTakenWhicheverEniHasIt) {
  put_eni("eni-1", {"10.1.0.10"});
  put_eni("eni-2", {"10.2.0.20"});
  claim("a");
  claim("b");
  node_.release("b");
  pass(seconds(1));
  node_.release("a");
  EXPECT_EQ(claim("c"), "nothing") << "both cool";
  pass(seconds(31));
  EXPECT_EQ(claim("c"), "eni-2: 10.2.0.20");
  EXPECT_EQ(claim("d"), "eni-1: 10.1.0.10");
}

TEST_F(EniClaimTest, AnAddressThatComesWhileOthersCoolServesAtOnce) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11"});
  claim("a");
  claim("b");
  node_.release("a");
  node_.release("b");
  put_eni("eni-1", {"10.1.0.12"});
  EXPECT_EQ(claim("c"), "eni-1: 10.1.0.12");
  EXPECT_EQ(stock(), "eni-1: 0 free 2 cooling 1 bound 0 reserved 0 quarantined");
  pass(seconds(31));
  EXPECT_EQ(claim("d"), "eni-1: 10.1.0.10");
}

TEST_F(EniClaimTest, ADualStackPodGetsBothAddressesOfOneEni) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11", "fd00::10"});
  put_eni("eni-2", {"10.2.0.20", "fd00::20"});
  EXPECT_EQ(claim("a", kDual), "eni-1: 10.1.0.10 fd00::10");
  EXPECT_EQ(claim("b", kDual), "eni-2: 10.2.0.20 fd00::20");
  EXPECT_EQ(claim("c", kDual), "nothing") << "an IPv4 address alone does not do";
  EXPECT_EQ(claim("d"), "eni-1: 10.1.0.11");
  put_eni("eni-3", {"10.3.0.30", "fd00::30"});
  EXPECT_EQ(claim("e", {Family::kIpv6}), "eni-3: fd00::30");
}

TEST_F(EniClaimTest, TheSameOwnerGetsTheSameAgainAndAnotherClaimOfItIsRefused) {
  put_eni("eni-1", {"10.1.0.10", "fd00::10", "10.1.0.11"});
  EXPECT_EQ(claim("a", kDual), "eni-1: 10.1.0.10 fd00::10");
  EXPECT_EQ(claim("a", kDual), "eni-1: 10.1.0.10 fd00::10");
  EXPECT_THAT(claim("a"),
              HasSubstr("holds fd00::10 already, of a family that the network has not"));
  EXPECT_THAT(claim("a", kDual, {"10.1.0.11"}), HasSubstr("already, and wants 10.1.0.11"));
  claim("b");
  EXPECT_THAT(claim("b", kDual), HasSubstr("but not one of each family"));
  put_eni("eni-1", {"10.1.0.10"}, "shared", EniState::kReleasing);
  EXPECT_THAT(claim("a", kDual), HasSubstr("of eni-1, which serves no pods"));
}

TEST_F(EniClaimTest, AnAddressTheKernelKnowsIsPassedOverAndQuarantined) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11"});
  node_.kernel = {"10.1.0.10"};
  EXPECT_EQ(claim("a"), "eni-1: 10.1.0.11");
  EXPECT_EQ(node_.list(), "10.1.0.10 quarantined , 10.1.0.11 bound a");
  node_.kernel = {"10.1.0.20"};
  put_eni("eni-2", {"10.1.0.20"});
  EXPECT_EQ(claim("b"), "nothing");
  EXPECT_THAT(node_.list(), HasSubstr("10.1.0.20 quarantined")) << "learned for good";
}

TEST_F(EniClaimTest, WantedAddressesAreGivenWithTheRestOfTheirEni) {
  put_eni("eni-1", {"10.1.0.10", "fd00::10"});
  put_eni("eni-2", {"10.2.0.20", "10.2.0.21", "fd00::20", "fd00::21"});
  EXPECT_EQ(claim("a", kDual, {"10.2.0.21"}), "eni-2: 10.2.0.21 fd00::20");
  EXPECT_THAT(claim("b", kDual, {"10.2.0.21"}), HasSubstr("is held by pod ns/a"));
  EXPECT_THAT(claim("b", kDual, {"10.9.0.1"}), HasSubstr("belongs to no ENI of this node"));
  EXPECT_THAT(claim("b", kIpv4Only, {"fd00::21"}), HasSubstr("is of no family of this network"));
  EXPECT_THAT(claim("b", kDual, {"10.1.0.10", "fd00::21"}), HasSubstr("does not go with"));
  EXPECT_THAT(claim("b", kDual, {"10.1.0.10", "10.2.0.20"}), HasSubstr("does not go with"));
  node_.kernel = {"10.1.0.10"};
  EXPECT_THAT(claim("b", kIpv4Only, {"10.1.0.10"}), HasSubstr("is in use on this node"));
  node_.release("a");
  EXPECT_THAT(claim("b", kDual, {"10.2.0.21"}), HasSubstr("cools"));
}

TEST_F(EniClaimTest, AnEniThatIsToBePassedOverIs) {
  put_eni("eni-1", {"10.1.0.10"});
  put_eni("eni-2", {"10.2.0.20"});
  EniClaim without = claim_of("a", kIpv4Only);
  without.except = {"eni-1"};
  EXPECT_EQ(claim(without), "eni-2: 10.2.0.20");
}

TEST_F(EniClaimTest, TheStockCountsEveryStateOfEachEni) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11", "10.1.0.12", "10.1.0.13", "10.1.0.14"});
  put_eni("eni-2", {"10.2.0.20", "fd00::20"});
  claim("a", kIpv4Only, {"10.1.0.10"});
  claim("b", kIpv4Only, {"10.1.0.11"});
  node_.release("b");
  CloudChange some;
  some.reserve = {ip("10.1.0.12")};
  some.reserved_for = "token-1";
  some.quarantine = {{ip("10.1.0.13"), "the cloud does not know it"}};
  ASSERT_EQ(change(some), "done");
  EXPECT_EQ(stock(),
            "eni-1: 1 free 1 cooling 1 bound 1 reserved 1 quarantined; "
            "eni-2: 1 free 0 cooling 0 bound 0 reserved 0 quarantined");
  pass(seconds(31));
  EXPECT_THAT(stock(), HasSubstr("eni-1: 2 free 0 cooling"));
  const auto whole = node_.store().stock().value();
  EXPECT_EQ(whole.back().ipv6.free, 1U);
  EXPECT_TRUE(whole.back().serves());
}

TEST_F(EniClaimTest, SlotsAreTheLowestFreeOnesAndStay) {
  put_eni("eni-1", {"10.1.0.10"});
  put_eni("eni-2", {"10.2.0.20"});
  put_eni("eni-3", {"10.3.0.30"}, "exclusive");
  EXPECT_EQ(slots(), (std::vector{1, 2, 3}));
  ASSERT_EQ(change({.drop_enis = {"eni-2"}}), "done");
  CloudChange again;
  again.put_enis = {an_eni("eni-3", "10.3.0.30")};
  again.put_enis.front().slot = 77;  // the store's own word counts
  ASSERT_EQ(change(again), "done");
  EXPECT_EQ(slots(), (std::vector{1, 3}));
  put_eni("eni-4", {"10.4.0.40"});
  EXPECT_EQ(slots(), (std::vector{1, 3, 2}));
  Node rebooted(path(), clock_, "boot-2");
  EXPECT_EQ(rebooted.store().cloud().value().enis.back().slot, 2);
}

TEST_F(EniClaimTest, TheTwoHundredAndFiftyFifthEniHasNoSlotAndServesNobody) {
  CloudChange many;
  for (int i = 0; i < 255; ++i) {
    const std::string id = "eni-" + std::to_string(1000 + i);
    many.put_enis.push_back(an_eni(id, "10.1.0.10"));
  }
  many.put_addresses = {{ip("10.1.0.10"), "eni-1254"}};
  ASSERT_EQ(change(many), "done");
  EXPECT_EQ(slots()[253], 254);
  EXPECT_EQ(slots()[254], 0);
  EXPECT_EQ(claim("a"), "nothing");
}

TEST_F(EniClaimTest, WhatIsQuarantinedByWordOfTheCloudStaysSoAcrossABoot) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11", "10.1.0.12"});
  claim("a", kIpv4Only, {"10.1.0.10"});
  CloudChange quarantine;
  quarantine.quarantine = {{ip("10.1.0.10"), "the cloud does not know it"},
                           {ip("10.1.0.11"), "the cloud does not know it"}};
  ASSERT_EQ(change(quarantine), "done");
  EXPECT_EQ(node_.find("a"), "10.1.0.10") << "its pod keeps it";
  node_.release("a");
  pass(seconds(31));
  EXPECT_EQ(stock(), "eni-1: 1 free 0 cooling 0 bound 0 reserved 2 quarantined");

  Node rebooted(path(), clock_, "boot-2");
  EXPECT_THAT(rebooted.list(), HasSubstr("10.1.0.10 quarantined"));
  ASSERT_TRUE(rebooted.store().end_quarantine(ip("10.1.0.10")).ok());
  EXPECT_EQ(rebooted.store().stock().value().front().ipv4.cooling, 1U);
}

TEST_F(EniClaimTest, AQuarantineThatIsTakenBackWhileThePodLivesLeavesNothing) {
  put_eni("eni-1", {"10.1.0.10"});
  claim("a");
  CloudChange quarantine;
  quarantine.quarantine = {{ip("10.1.0.10"), "the cloud does not know it"}};
  ASSERT_EQ(change(quarantine), "done");
  ASSERT_TRUE(node_.store().end_quarantine(ip("10.1.0.10")).ok());
  EXPECT_EQ(node_.store().end_quarantine(ip("10.1.0.10")).error().kind(), ErrorKind::kNotFound);
  node_.release("a");
  EXPECT_EQ(stock(), "eni-1: 0 free 1 cooling 0 bound 0 reserved 0 quarantined");
  EXPECT_THAT(change({.quarantine = {{ip("10.9.0.9"), "why"}}}), HasSubstr("does not know it"));
}

TEST_F(EniClaimTest, OnlyFreeAddressesAreReservedWhenThatIsAsked) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11"});
  claim("a", kIpv4Only, {"10.1.0.10"});
  node_.release("a");
  CloudChange reserve;
  reserve.reserve_free = {ip("10.1.0.11"), ip("10.1.0.10")};
  reserve.reserved_for = "token-1";
  EXPECT_EQ(change(reserve), "reserve 10.1.0.10: it is cooling");
  EXPECT_THAT(node_.list(), HasSubstr("10.1.0.11 free")) << "all or nothing";
  pass(seconds(31));
  EXPECT_EQ(change(reserve), "done");
  EXPECT_EQ(claim("b"), "nothing");
}

TEST_F(EniClaimTest, AnIndexMadeAnewKnowsTheSameEnis) {
  put_eni("eni-1", {"10.1.0.10", "10.1.0.11"});
  put_eni("eni-2", {"10.2.0.20"});
  claim("a", kIpv4Only, {"10.1.0.11"});
  const std::string before = stock();
  std::filesystem::remove(path("index.v1"));
  EXPECT_EQ(stock(), before);
  std::filesystem::remove(path("journal"));
  EXPECT_EQ(stock(), before);
  EXPECT_EQ(slots(), (std::vector{1, 2}));
  EXPECT_EQ(claim("b"), "eni-1: 10.1.0.10");
}

}  // namespace
}  // namespace catena::ipam
