// ENIs that a pod gets as a whole: who gets which, and how it comes back.
#include "tests/unit/ipam/eni_fixture.h"

namespace catena::ipam {
namespace {

using base::Family;
using std::chrono::seconds;
using testing::HasSubstr;

class ExclusiveClaimTest : public EniClaimTest {
 protected:
  void put_exclusive(const std::string& id, const std::vector<std::string>& addresses,
                     EniState state = EniState::kInUse) {
    put_eni(id, addresses, std::string(kExclusiveMode), state);
  }
  // "eni-1: 10.1.0.10 fd00::10", "nothing", or the error.
  std::string claim_whole(const EniClaim& claim) {
    return said(node_.store().claim_eni(claim, node_.in_use()));
  }
  std::string claim_whole(const std::string& container, std::vector<Family> families = kIpv4Only,
                          const std::vector<std::string>& wanted = {}) {
    return claim_whole(claim_of(container, std::move(families), wanted));
  }
  std::string release_eni(const std::string& container) {
    return text_of(node_.store().release_eni(container, "eth0").value());
  }
};

TEST_F(ExclusiveClaimTest, APodGetsAnEniAloneByItsPrimaryAddress) {
  put_exclusive("eni-1", {"10.1.0.10", "10.1.0.11"});
  EXPECT_EQ(claim_whole("a"), "eni-1: 10.1.0.10");
  EXPECT_EQ(claim_whole("b"), "nothing") << "though the ENI has another address";
  EXPECT_EQ(node_.store().eni_of("a", "eth0").value().value_or(Eni{}).id, "eni-1");
}

TEST_F(ExclusiveClaimTest, ThePrimaryAddressIsTakenWhicheverWasFreeForLongest) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-1", {"10.1.0.10", "10.1.0.5", "10.1.0.11"});
  claim_whole("a");
  release_eni("a");
  pass(seconds(31));
  EXPECT_EQ(claim_whole("b"), "eni-1: 10.1.0.10");
}

TEST_F(ExclusiveClaimTest, SharedOnesAreForOthersAndThoseNotInUseForNobody) {
  put_eni("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"}, EniState::kCreated);
  put_exclusive("eni-3", {"10.3.0.30"}, EniState::kReleasing);
  EXPECT_EQ(claim_whole("a"), "nothing");
  put_exclusive("eni-2", {"10.2.0.20"});
  EXPECT_EQ(claim_whole("a"), "eni-2: 10.2.0.20");
  EXPECT_EQ(claim("b"), "eni-1: 10.1.0.10");
}

TEST_F(ExclusiveClaimTest, TheSameOwnerGetsTheSameAgain) {
  put_exclusive("eni-1", {"10.1.0.10", "fd00::10"});
  put_exclusive("eni-2", {"10.2.0.20", "fd00::20"});
  EXPECT_EQ(claim_whole("a", kDual), "eni-1: 10.1.0.10 fd00::10");
  EXPECT_EQ(claim_whole("a", kDual), "eni-1: 10.1.0.10 fd00::10");
  EXPECT_THAT(claim("a", kDual), HasSubstr("which serves no pods"));
}

TEST_F(ExclusiveClaimTest, WhoHasAnAddressOfASharedEniGetsNoWholeOne) {
  put_eni("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"});
  EXPECT_EQ(claim("a"), "eni-1: 10.1.0.10");
  EXPECT_THAT(claim_whole("a"), HasSubstr("of eni-1, which serves no pod as a whole"));
}

TEST_F(ExclusiveClaimTest, ADualStackPodNeedsBothAddresses) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20", "fd00::20"});
  EXPECT_EQ(claim_whole("a", kDual), "eni-2: 10.2.0.20 fd00::20");
  EXPECT_EQ(claim_whole("b", kDual), "nothing");
  EXPECT_EQ(claim_whole("b"), "eni-1: 10.1.0.10");
}

TEST_F(ExclusiveClaimTest, AnEniComesBackToThePoolAndCools) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"});
  claim_whole("a");
  claim_whole("b");
  EXPECT_EQ(release_eni("b"), "10.2.0.20");
  pass(seconds(1));
  EXPECT_EQ(release_eni("a"), "10.1.0.10");
  EXPECT_EQ(claim_whole("c"), "nothing") << "both cool";
  pass(seconds(31));
  EXPECT_EQ(claim_whole("c"), "eni-2: 10.2.0.20") << "free for longest";
  EXPECT_EQ(release_eni("a"), "") << "a late DEL of the old sandbox";
  EXPECT_EQ(claim_whole("d"), "eni-1: 10.1.0.10");
}

TEST_F(ExclusiveClaimTest, ThePluginsOfAddressesDoNotFreeAnEniWhoseNicIsInThePod) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_eni("eni-2", {"10.2.0.20"});
  claim_whole("a");
  claim("b");
  EXPECT_EQ(node_.release("a"), "");
  EXPECT_EQ(release_eni("b"), "");
  EXPECT_EQ(node_.find("a"), "10.1.0.10");
  EXPECT_EQ(node_.find("b"), "10.2.0.20");
}

TEST_F(ExclusiveClaimTest, APodWhoseEniIsGoneCanEnd) {
  put_exclusive("eni-1", {"10.1.0.10"});
  claim_whole("a");
  ASSERT_EQ(change({.drop_enis = {"eni-1"}}), "done");
  EXPECT_EQ(node_.find("a"), "10.1.0.10");
  EXPECT_EQ(release_eni("a"), "10.1.0.10");
  EXPECT_EQ(node_.find("a"), "");
}

TEST_F(ExclusiveClaimTest, AnEniThatIsGivenBackIsNotHandedOut) {
  put_exclusive("eni-1", {"10.1.0.10", "fd00::10"});
  CloudChange leaving;
  leaving.reserve_free = {ip("10.1.0.10")};
  leaving.reserved_for = "token-1";
  ASSERT_EQ(change(leaving), "done");
  EXPECT_EQ(claim_whole("a", {Family::kIpv6}), "nothing");
  EXPECT_EQ(claim_whole("a"), "nothing");
}

TEST_F(ExclusiveClaimTest, OneThatTheKernelKnowsIsPassedOverAndQuarantined) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"});
  node_.kernel = {"10.1.0.10"};
  EXPECT_EQ(claim_whole("a"), "eni-2: 10.2.0.20");
  EXPECT_THAT(node_.list(), HasSubstr("10.1.0.10 quarantined"));
}

TEST_F(ExclusiveClaimTest, OneThatCannotServeNowIsPassedOver) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"});
  EniClaim without = claim_of("a", kIpv4Only);
  without.except = {"eni-1"};
  EXPECT_EQ(claim_whole(without), "eni-2: 10.2.0.20");
}

TEST_F(ExclusiveClaimTest, AWantedAddressIsThePrimaryOneOfAnExclusiveEni) {
  put_exclusive("eni-1", {"10.1.0.10", "10.1.0.11"});
  put_exclusive("eni-2", {"10.2.0.20"});
  put_eni("eni-3", {"10.3.0.30"});
  EXPECT_THAT(claim_whole("a", kIpv4Only, {"10.1.0.11"}),
              HasSubstr("is not the primary address of eni-1"));
  EXPECT_THAT(claim_whole("a", kIpv4Only, {"10.3.0.30"}),
              HasSubstr("belongs to eni-3, which is of the mode shared"));
  EXPECT_THAT(claim("a", kIpv4Only, {"10.1.0.10"}),
              HasSubstr("belongs to eni-1, which is of the mode exclusive"));
  EXPECT_EQ(claim_whole("a", kIpv4Only, {"10.2.0.20"}), "eni-2: 10.2.0.20");
  EXPECT_THAT(claim_whole("b", kIpv4Only, {"10.2.0.20"}), HasSubstr("is held by pod ns/a"));
}

TEST_F(ExclusiveClaimTest, TheStockTellsIdleOnesFromThoseThatPodsHave) {
  put_exclusive("eni-1", {"10.1.0.10"});
  put_exclusive("eni-2", {"10.2.0.20"}, EniState::kCreated);
  const auto text = [&] {
    std::string said;
    for (const EniStock& one : node_.store().stock().value()) {
      said += std::string(one.is_held() ? "held" : one.is_idle(kIpv4Only) ? "idle" : "none") + " ";
    }
    return said;
  };
  EXPECT_EQ(text(), "idle none ");
  claim_whole("a");
  EXPECT_EQ(text(), "held none ");
  release_eni("a");
  EXPECT_EQ(text(), "idle none ") << "once it has cooled";
  EXPECT_FALSE(node_.store().stock().value().front().is_idle(kDual));
}

TEST_F(ExclusiveClaimTest, AfterABootNoPodHasOne) {
  put_exclusive("eni-1", {"10.1.0.10"});
  claim_whole("a");
  Node rebooted(path(), clock_, "boot-2");
  EXPECT_EQ(said(rebooted.store().claim_eni(claim_of("b", kIpv4Only), rebooted.in_use())),
            "eni-1: 10.1.0.10");
}

}  // namespace
}  // namespace catena::ipam
