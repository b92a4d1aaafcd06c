// What a claim, a release and a repeated one mean.
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using std::chrono::seconds;
using testing::HasSubstr;

class ClaimTest : public StoreTest {
 protected:
  const RangeSet v4_{range("10.0.0.0/29")};
  const RangeSet v6_{range("fd00::/126")};
};

TEST_F(ClaimTest, TheSameAttachmentGetsTheSameAddressesWithoutAWrite) {
  EXPECT_EQ(node_.claim("a", {v4_, v6_}), "10.0.0.1 fd00::1");
  const std::string journal = content_of(path("journal"));
  EXPECT_EQ(node_.claim("a", {v4_, v6_}), "10.0.0.1 fd00::1");
  EXPECT_EQ(content_of(path("journal")), journal);
  EXPECT_EQ(node_.claim("b", {v4_, v6_}), "10.0.0.2 fd00::2");
}

TEST_F(ClaimTest, ItsOtherInterfaceIsAnotherAttachment) {
  Claim claim = Node::claim_of("a", {v4_});
  ASSERT_TRUE(node_.store().claim(claim, node_.in_use()).ok());
  claim.owner.if_name = "eth1";
  EXPECT_EQ(text_of(node_.store().claim(claim, node_.in_use()).value()), "10.0.0.2");
  EXPECT_EQ(text_of(node_.store().release("a", "eth0").value()), "10.0.0.1");
  EXPECT_EQ(text_of(node_.store().find("a", "eth1").value()), "10.0.0.2");
}

TEST_F(ClaimTest, ANewNamespacePathIsWrittenDown) {
  Claim claim = Node::claim_of("a", {v4_});
  ASSERT_TRUE(node_.store().claim(claim, node_.in_use()).ok());
  claim.owner.netns = "/run/netns/other";
  ASSERT_TRUE(node_.store().claim(claim, node_.in_use()).ok());
  const auto found = node_.store().find("a", "eth0").value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].owner.netns, "/run/netns/other");
  EXPECT_EQ(found[0].generation, 1U) << "the owner is the same";
}

TEST_F(ClaimTest, ARecordSaysEverything) {
  const auto claimed = node_.try_claim("a", {v4_}).value();
  const auto found = node_.store().find("a", "eth0").value();
  for (const auto& records : {claimed, found}) {
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].address, ip("10.0.0.1"));
    EXPECT_EQ(records[0].pool, "10.0.0.0/29");
    EXPECT_EQ(records[0].state, State::kBound);
    EXPECT_EQ(records[0].owner.network, "net");
    EXPECT_EQ(records[0].owner.netns, "/run/netns/a");
    EXPECT_EQ(records[0].owner.pod, "ns/a");
    EXPECT_EQ(records[0].generation, 1U);
    EXPECT_EQ(records[0].since_boot, clock_.boottime);
    EXPECT_EQ(records[0].since, clock_.now);
  }
}

TEST_F(ClaimTest, ReleaseSaysWhatWasHeld) {
  node_.claim("a", {v4_, v6_});
  const auto released = node_.store().release("a", "eth0").value();
  ASSERT_EQ(released.size(), 2U);
  EXPECT_EQ(released[0].state, State::kBound);
  EXPECT_EQ(node_.find("a"), "");
  EXPECT_EQ(node_.list(), "10.0.0.1 cooling a, fd00::1 cooling a");
}

TEST_F(ClaimTest, ReleaseOfTheUnknownWritesNothing) {
  EXPECT_EQ(node_.release("nobody"), "");
  EXPECT_FALSE(std::filesystem::exists(path())) << "not even the directory";
  node_.claim("a", {v4_});
  const std::string journal = content_of(path("journal"));
  EXPECT_EQ(node_.release("nobody"), "");
  EXPECT_EQ(content_of(path("journal")), journal);
}

TEST_F(ClaimTest, ALateReleaseDoesNotTouchTheNewOwner) {
  const RangeSet tiny{range("10.0.0.0/30")};
  node_.claim("old", {tiny}, {"10.0.0.1"});
  node_.release("old");
  pass(seconds(30));
  EXPECT_EQ(node_.claim("new", {tiny}, {"10.0.0.1"}), "10.0.0.1");
  EXPECT_EQ(node_.release("old"), "");
  EXPECT_EQ(node_.find("new"), "10.0.0.1");
}

TEST_F(ClaimTest, TheGenerationTellsOwnersApart) {
  const RangeSet tiny{range("10.0.0.0/30")};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto records = node_.try_claim("c", {tiny}, {"10.0.0.1"}).value();
    EXPECT_EQ(records[0].generation, i);
    node_.release("c");
    pass(seconds(30));
  }
}

TEST_F(ClaimTest, AWantedAddressIsGiven) {
  EXPECT_EQ(node_.claim("a", {v4_, v6_}, {"10.0.0.4"}), "10.0.0.4 fd00::1");
  EXPECT_EQ(node_.claim("b", {v4_, v6_}, {"fd00::2", "10.0.0.3"}), "10.0.0.3 fd00::2");
  EXPECT_EQ(node_.claim("b", {v4_, v6_}, {"fd00::2", "10.0.0.3"}), "10.0.0.3 fd00::2") << "again";
  EXPECT_EQ(node_.claim("c", {v4_}), "10.0.0.1");
  EXPECT_EQ(node_.claim("d", {v4_}), "10.0.0.2");
  EXPECT_EQ(node_.claim("e", {v4_}), "10.0.0.5") << "the cursor passes wanted ones";
}

TEST_F(ClaimTest, AWantedAddressThatCannotBeIsABadConfiguration) {
  Range some = range("10.0.0.0/28");
  some.gateway = ip("10.0.0.1");
  some.exclude = {base::Prefix::parse("10.0.0.4/30").value()};
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"10.9.0.1"}, "outside every range"}, {{"fd00::1"}, "outside every range"},
      {{"10.0.0.1"}, "is the gateway"},      {{"10.0.0.5"}, "exclude"},
      {{"10.0.0.15"}, "left out"},           {{"10.0.0.2", "10.0.0.3"}, "lie in one set"}};
  for (const auto& [wanted, why] : cases) {
    const auto result = node_.try_claim("a", {{some}}, wanted);
    ASSERT_FALSE(result.ok()) << why;
    EXPECT_TRUE(result.error().is(ErrorKind::kBadConfig)) << result.error().message();
    EXPECT_THAT(result.error().message(), HasSubstr(why));
  }
  EXPECT_EQ(node_.list(), "");
}

TEST_F(ClaimTest, AWantedAddressThatIsTakenNamesWhoHasIt) {
  node_.claim("a", {v4_}, {"10.0.0.4"});
  const auto result = node_.try_claim("b", {v4_}, {"10.0.0.4"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(result.error().message(), HasSubstr("held by pod ns/a, container a eth0"));
  node_.release("a");
  EXPECT_THAT(node_.claim("b", {v4_}, {"10.0.0.4"}), HasSubstr("cools"));
  pass(seconds(30));
  EXPECT_EQ(node_.claim("b", {v4_}, {"10.0.0.4"}), "10.0.0.4");
}

TEST_F(ClaimTest, AllSetsOrNone) {
  for (const char* name : {"a", "b", "c"}) {
    node_.claim(name, {v6_});
  }
  const std::string journal = content_of(path("journal"));
  EXPECT_THAT(node_.claim("d", {v4_, v6_}), HasSubstr("no address left: fd00::/126"));
  EXPECT_EQ(content_of(path("journal")), journal);
  EXPECT_EQ(node_.list(), "fd00::1 bound a, fd00::2 bound b, fd00::3 bound c");
  EXPECT_EQ(node_.claim("d", {v4_}), "10.0.0.1");
}

TEST_F(ClaimTest, ASetAddedLaterGivesItsAddressToo) {
  EXPECT_EQ(node_.claim("a", {v4_}), "10.0.0.1");
  EXPECT_EQ(node_.claim("a", {v4_, v6_}), "10.0.0.1 fd00::1");
}

TEST_F(ClaimTest, HeldAddressesOutsideTheRangesMustBeReleasedFirst) {
  node_.claim("a", {v4_, v6_});
  for (const auto& sets : std::vector<std::vector<RangeSet>>{{{range("10.7.0.0/24")}}, {v4_}}) {
    const auto result = node_.try_claim("a", sets);
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(ErrorKind::kExists));
    EXPECT_FALSE(result.error().advice().empty());
  }
  EXPECT_THAT(node_.claim("a", {v4_, v6_}, {"10.0.0.3"}), HasSubstr("wants 10.0.0.3"));
  EXPECT_EQ(node_.find("a"), "10.0.0.1 fd00::1");
}

TEST_F(ClaimTest, AnAddressTheKernelKnowsIsQuarantinedAndPassedOver) {
  node_.kernel = {"10.0.0.1", "10.0.0.2"};
  EXPECT_EQ(node_.claim("a", {v4_}), "10.0.0.3");
  EXPECT_EQ(node_.questions, 3);
  EXPECT_EQ(node_.list(), "10.0.0.1 quarantined , 10.0.0.2 quarantined , 10.0.0.3 bound a");
  EXPECT_FALSE(node_.store().list().value()[0].note.empty());
  node_.kernel.clear();
  EXPECT_EQ(node_.claim("b", {v4_}), "10.0.0.4") << "until somebody ends it";
  EXPECT_THAT(node_.claim("c", {v4_}, {"10.0.0.1"}), HasSubstr("is quarantined"));
}

TEST_F(ClaimTest, WhatWasFoundInUseIsKeptWhenTheClaimFails) {
  node_.kernel = {"10.0.0.1", "10.0.0.2"};
  EXPECT_THAT(node_.claim("a", {{range("10.0.0.0/30")}}), HasSubstr("2 quarantined"));
  EXPECT_EQ(node_.list(), "10.0.0.1 quarantined , 10.0.0.2 quarantined ");
  EXPECT_THAT(node_.claim("b", {v4_}, {"10.0.0.2"}), HasSubstr("is quarantined"));
}

TEST_F(ClaimTest, AWantedAddressInUseIsQuarantined) {
  node_.kernel = {"10.0.0.4"};
  const auto result = node_.try_claim("a", {v4_}, {"10.0.0.4"});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(node_.list(), "10.0.0.4 quarantined ");
}

TEST_F(ClaimTest, AQuestionThatFailsFailsTheClaimAndChangesNothing) {
  node_.claim("a", {v4_});
  const std::string journal = content_of(path("journal"));
  const auto result = node_.store().claim(
      Node::claim_of("b", {v4_}), [](const base::IpAddress&) -> base::Result<bool> {
        return base::Error(ErrorKind::kInternal, "netlink says no");
      });
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("netlink says no"));
  EXPECT_EQ(content_of(path("journal")), journal);
}

TEST_F(ClaimTest, AnEndedQuarantineCools) {
  node_.kernel = {"10.0.0.1", "10.0.0.2"};
  node_.claim("a", {{range("10.0.0.0/30")}});
  node_.kernel.clear();
  EXPECT_TRUE(node_.store().end_quarantine(ip("10.0.0.1")).ok());
  EXPECT_EQ(node_.list(), "10.0.0.1 cooling , 10.0.0.2 quarantined ");
  EXPECT_THAT(node_.claim("a", {{range("10.0.0.0/30")}}), HasSubstr("no address left"));
  pass(seconds(30));
  EXPECT_EQ(node_.claim("a", {{range("10.0.0.0/30")}}), "10.0.0.1");
  EXPECT_TRUE(node_.store().end_quarantine(ip("10.0.0.1")).error().is(ErrorKind::kNotFound));
  EXPECT_TRUE(node_.store().end_quarantine(ip("10.9.9.9")).error().is(ErrorKind::kNotFound));
}

TEST_F(ClaimTest, AnOwnerWithoutANameIsRefused) {
  Claim claim = Node::claim_of("", {v4_});
  EXPECT_TRUE(node_.store().claim(claim, {}).error().is(ErrorKind::kBadEnvironment));
  claim = Node::claim_of("a", {v4_});
  claim.owner.pod = "not \xff UTF-8";
  EXPECT_TRUE(node_.store().claim(claim, {}).error().is(ErrorKind::kBadEnvironment));
  claim = Node::claim_of("a", {});
  EXPECT_TRUE(node_.store().claim(claim, {}).error().is(ErrorKind::kBadConfig));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(ClaimTest, LongNamesSurvive) {
  Claim claim = Node::claim_of(std::string(3000, 'c'), {v4_});
  claim.owner.netns = "/run/" + std::string(4000, 'n');
  claim.owner.pod = "ns/\"quoted\" \\ \xc3\xa4";
  ASSERT_TRUE(node_.store().claim(claim, {}).ok());
  for (int i = 0; i < 3; ++i) {
    const auto found = node_.store().find(claim.owner.container_id, "eth0").value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].owner.netns, claim.owner.netns);
    EXPECT_EQ(found[0].owner.pod, claim.owner.pod);
    std::filesystem::remove(path("index.v1"));
  }
  EXPECT_EQ(text_of(node_.store().release(claim.owner.container_id, "eth0").value()), "10.0.0.1");
}

}  // namespace
}  // namespace catena::ipam
