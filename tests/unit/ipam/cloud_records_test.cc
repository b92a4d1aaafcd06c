// ENIs, intents and route entries in the store, beside the addresses.
#include "common/ipam/cloud.h"
#include "common/ipam/journal.h"
#include "common/ipam/record.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using std::chrono::seconds;
using testing::HasSubstr;

base::Prefix prefix(const std::string& text) { return base::Prefix::parse(text).value(); }

Eni an_eni(const std::string& id, EniState state = EniState::kInUse) {
  Eni eni;
  eni.id = id;
  eni.mac = base::Mac::parse("00:16:3e:00:00:01").value();
  eni.vswitch = "vsw-1";
  eni.address = ip("10.1.0.10");
  eni.gateway = ip("10.1.0.253");
  eni.prefix_length = 24;
  eni.gateway6 = ip("fd00::f7");
  eni.mode = "shared";
  eni.state = state;
  return eni;
}

Intent an_intent(const std::string& key) {
  Intent intent;
  intent.key = key;
  intent.action = "assign";
  intent.parameters = {{"eni", "eni-1"}, {"count", "5"}};
  intent.purpose = "pool";
  return intent;
}

class CloudRecordsTest : public StoreTest {
 protected:
  std::string change(const CloudChange& change) {
    const base::Status done = node_.store().change(change);
    return done.ok() ? "done" : done.error().text();
  }
  CloudRecords cloud() { return node_.store().cloud().value(); }
  void add(const std::vector<std::string>& addresses, const std::string& eni = "eni-1") {
    CloudChange added;
    for (const std::string& address : addresses) {
      added.put_addresses.push_back({ip(address), eni});
    }
    ASSERT_EQ(change(added), "done");
  }
};

TEST_F(CloudRecordsTest, AnEniComesBackWithAllItsFields) {
  CloudChange put;
  put.put_enis = {an_eni("eni-1")};
  ASSERT_EQ(change(put), "done");
  const CloudRecords records = cloud();
  ASSERT_EQ(records.enis.size(), 1U);
  const Eni& eni = records.enis.front();
  EXPECT_EQ(eni.id, "eni-1");
  EXPECT_EQ(eni.mac.to_string(), "00:16:3e:00:00:01");
  EXPECT_EQ(eni.vswitch, "vsw-1");
  EXPECT_EQ(eni.address, ip("10.1.0.10"));
  EXPECT_EQ(eni.gateway, ip("10.1.0.253"));
  EXPECT_EQ(eni.gateway6, ip("fd00::f7"));
  EXPECT_EQ(eni.prefix_length, 24);
  EXPECT_EQ(eni.mode, "shared");
  EXPECT_EQ(eni.state, EniState::kInUse);
}

TEST_F(CloudRecordsTest, IntentsComeBackOldestFirstAndKeepTheirFirstTime) {
  CloudChange put;
  put.put_intents = {an_intent("second")};
  clock_.now += seconds(60);
  ASSERT_EQ(change(put), "done");
  const auto first_written = clock_.now;
  put.put_intents = {an_intent("first")};
  put.put_intents.front().since = clock_.now - seconds(30);
  ASSERT_EQ(change(put), "done");
  clock_.now += seconds(60);
  Intent again = cloud().intents.back();
  again.parameters["eni"] = "eni-2";
  put.put_intents = {again};
  ASSERT_EQ(change(put), "done");

  const CloudRecords records = cloud();
  ASSERT_EQ(records.intents.size(), 2U);
  EXPECT_EQ(records.intents.front().key, "first");
  EXPECT_EQ(records.intents.back().key, "second");
  EXPECT_EQ(records.intents.back().since, first_written);
  EXPECT_EQ(records.intents.back().action, "assign");
  EXPECT_EQ(records.intents.back().purpose, "pool");
  EXPECT_EQ(records.intents.back().parameters.at("eni"), "eni-2");
  EXPECT_EQ(records.intents.back().parameters.at("count"), "5");
}

TEST_F(CloudRecordsTest, ARouteCountsForTheBootThatMadeSureOfIt) {
  CloudChange put;
  put.put_routes = {{.cidr = prefix("172.30.1.0/24"),
                     .table = "vtb-1",
                     .entry = "rte-1",
                     .next_hop = "i-1",
                     .state = RouteState::kAvailable,
                     .boot = {}}};
  ASSERT_EQ(change(put), "done");
  EXPECT_TRUE(node_.store().has_route(prefix("172.30.1.0/24")).value());
  EXPECT_FALSE(node_.store().has_route(prefix("172.30.2.0/24")).value());

  Node rebooted(path(), clock_, "boot-2");
  EXPECT_FALSE(rebooted.store().has_route(prefix("172.30.1.0/24")).value());
  const auto kept = rebooted.store().find_route(prefix("172.30.1.0/24")).value();
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->entry, "rte-1");
  EXPECT_EQ(kept->boot, "boot-1");
}

TEST_F(CloudRecordsTest, ARouteThatIsBeingRemovedDoesNotCount) {
  CloudChange put;
  put.put_routes = {{.cidr = prefix("fd00:30::/64"),
                     .table = "vtb-1",
                     .entry = "rte-1",
                     .next_hop = "i-1",
                     .state = RouteState::kRemoving,
                     .boot = {}}};
  ASSERT_EQ(change(put), "done");
  EXPECT_FALSE(node_.store().has_route(prefix("fd00:30::/64")).value());
}

TEST_F(CloudRecordsTest, QuestionsAboutAStoreThatWasNeverMadeMakeNone) {
  EXPECT_TRUE(cloud().intents.empty());
  EXPECT_FALSE(node_.store().has_route(prefix("172.30.1.0/24")).value());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(CloudRecordsTest, AddressesOfAnEniAreFreeAndKnownOnesKeepTheirOwner) {
  add({"10.1.0.10", "10.1.0.11"});
  EXPECT_EQ(node_.list(), "10.1.0.10 free , 10.1.0.11 free ");
  add({"10.1.0.10", "10.1.0.11", "10.1.0.12"});
  EXPECT_EQ(node_.list(), "10.1.0.10 free , 10.1.0.11 free , 10.1.0.12 free ");
}

TEST_F(CloudRecordsTest, WhatAnIntentReservesIsOutOfCirculationAcrossABoot) {
  add({"10.1.0.10", "10.1.0.11"});
  CloudChange reserving;
  reserving.put_intents = {an_intent("t-1")};
  reserving.reserve = {ip("10.1.0.11")};
  reserving.reserved_for = "t-1";
  ASSERT_EQ(change(reserving), "done");
  Node rebooted(path(), clock_, "boot-2");
  EXPECT_EQ(rebooted.list(), "10.1.0.10 free , 10.1.0.11 reserved t-1");
  EXPECT_EQ(text_of(rebooted.store().find("t-1", std::string(kIntentInterface)).value()),
            "10.1.0.11");
}

TEST_F(CloudRecordsTest, WhatAnIntentGivesBackIsFreeAgain) {
  add({"10.1.0.11"});
  CloudChange taken;
  taken.reserve = {ip("10.1.0.11")};
  taken.reserved_for = "t-1";
  ASSERT_EQ(change(taken), "done");
  add({"10.1.0.11"});
  EXPECT_EQ(node_.list(), "10.1.0.11 free ");
}

TEST_F(CloudRecordsTest,
       a_pods_address_is_neither_reserved_nor_forgotten_and_nothing_else_happens) {
  ASSERT_EQ(node_.claim("c1", "10.2.0.0/29"), "10.2.0.1");
  add({"10.1.0.11"});
  CloudChange taken;
  taken.put_intents = {an_intent("t-1")};
  taken.reserve = {ip("10.1.0.11"), ip("10.2.0.1")};
  taken.reserved_for = "t-1";
  EXPECT_THAT(change(taken), HasSubstr("it is held by pod ns/c1, container c1"));
  CloudChange dropped;
  dropped.drop_addresses = {ip("10.1.0.11"), ip("10.2.0.1")};
  EXPECT_THAT(change(dropped), HasSubstr("forget 10.2.0.1: it is held by pod ns/c1"));
  EXPECT_EQ(node_.list(), "10.1.0.11 free , 10.2.0.1 bound c1");
  EXPECT_TRUE(cloud().intents.empty());
}

TEST_F(CloudRecordsTest, TheEndOfAnIntentAndWhatItBroughtAreOneTransaction) {
  CloudChange begun;
  begun.put_intents = {an_intent("t-1")};
  ASSERT_EQ(change(begun), "done");
  const auto before = content_of(path("journal")).size();
  CloudChange done;
  done.drop_intents = {"t-1"};
  done.put_enis = {an_eni("eni-1")};
  done.put_addresses = {{ip("10.1.0.10"), "eni-1"}, {ip("10.1.0.11"), "eni-1"}};
  ASSERT_EQ(change(done), "done");
  const std::string added = content_of(path("journal")).substr(before);
  EXPECT_EQ(std::ranges::count(added, '\n'), 1);
}

TEST_F(CloudRecordsTest, AllOfItCanGoAndGoingTwiceIsNoError) {
  CloudChange put;
  put.put_intents = {an_intent("t-1")};
  put.put_enis = {an_eni("eni-1")};
  put.put_addresses = {{ip("10.1.0.10"), "eni-1"}};
  put.reserve = {};
  ASSERT_EQ(change(put), "done");
  CloudChange gone;
  gone.drop_intents = {"t-1"};
  gone.drop_enis = {"eni-1"};
  gone.drop_routes = {prefix("172.30.1.0/24")};
  gone.drop_addresses = {ip("10.1.0.10")};
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(change(gone), "done");
    EXPECT_TRUE(cloud().enis.empty());
    EXPECT_TRUE(cloud().intents.empty());
    EXPECT_EQ(node_.list(), "");
  }
}

TEST_F(CloudRecordsTest, FieldsOfALaterReleaseStayWhenARecordIsPutAgain) {
  CloudChange known;
  known.put_enis = {an_eni("eni-1")};
  ASSERT_EQ(change(known), "done");
  std::string journal = content_of(path("journal"));
  const std::string line = to_line(
      R"({"n":3,"set":[{"kind":"eni","key":"eni-1","mac":"00:16:3e:00:00:01","address":"10.1.0.10","state":"parked","colour":"blue"}]})");
  put(path("journal"), journal + line);
  EXPECT_EQ(cloud().enis.front().state, EniState::kUnknown);
  ASSERT_EQ(change(known), "done");
  EXPECT_THAT(content_of(path("journal")).substr(journal.size() + line.size()),
              HasSubstr(R"("colour":"blue")"));
}

TEST_F(CloudRecordsTest, EverythingSurvivesTheLossOfEitherFile) {
  CloudChange put;
  put.put_intents = {an_intent("t-1")};
  put.put_enis = {an_eni("eni-1")};
  put.put_addresses = {{ip("10.1.0.10"), "eni-1"}};
  ASSERT_EQ(change(put), "done");
  for (const char* file : {"index.v1", "journal"}) {
    std::filesystem::remove(path(file));
    EXPECT_EQ(cloud().intents.size(), 1U) << file;
    EXPECT_EQ(cloud().enis.size(), 1U) << file;
    EXPECT_EQ(node_.list(), "10.1.0.10 free ") << file;
  }
}

TEST_F(CloudRecordsTest, AKeyThatIsNoNameIsRefused) {
  CloudChange put;
  put.put_intents = {an_intent("")};
  EXPECT_THAT(change(put), HasSubstr("not a name"));
  put.put_intents = {an_intent("a\nb")};
  EXPECT_THAT(change(put), HasSubstr("not a name"));
}

}  // namespace
}  // namespace catena::ipam
