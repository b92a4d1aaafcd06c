// Records of pods under NetworkPolicy.
#include "common/netpol/record.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "tests/support/must.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/netpol/scene.h"

namespace catena::netpol {
namespace {

using test::must;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Record some_record() {
  return {.container_id = "c1",
          .if_name = "eth0",
          .netns = "/run/netns/a",
          .host_link = "ctnabc",
          .own_nic = true,
          .addresses = {ip("10.0.0.1"), ip("fd00::1")},
          .pod_namespace = "x",
          .pod_name = "a",
          .pod_uid = "u",
          .closed_while_unknown = false};
}

TEST(Record, IsFoundAsItWasWrittenAndGoneWhenRemoved) {
  const test::TempDir dir;
  const Records records(dir.path());
  EXPECT_FALSE(must(records.find("c1", "eth0")).has_value());
  must(records.write(some_record()));
  EXPECT_EQ(must(records.find("c1", "eth0")), some_record());
  EXPECT_FALSE(must(records.find("c1", "eth1")).has_value());
  std::vector<std::string> notices;
  EXPECT_THAT(must(records.list(notices)), testing::ElementsAre(some_record()));
  must(records.remove("c1", "eth0"));
  must(records.remove("c1", "eth0"));
  EXPECT_THAT(must(records.list(notices)), IsEmpty());
  EXPECT_THAT(notices, IsEmpty());
}

TEST(Record, WhatCantBeReadIsNamedAndHidesNoOther) {
  const test::TempDir dir;
  const Records records(dir.path());
  must(records.write(some_record()));
  must(base::replace_file(records.directory() + "/0123456789abcdef", "{\"format\":1"));
  must(base::replace_file(records.directory() + "/0123456789abcdee",
                          R"({"format":2,"containerID":"c","ifname":"e"})"));
  // Somebody else is just writing it.
  must(base::replace_file(records.directory() + "/0123456789abcded.tmp.7", "{"));
  std::vector<std::string> notices;
  EXPECT_THAT(must(records.list(notices)), SizeIs(1));
  EXPECT_THAT(notices, testing::UnorderedElementsAre(HasSubstr("0123456789abcdef"),
                                                     HasSubstr("0123456789abcdee")));
}

TEST(Records, OfAPodThatIsGoneItsAddressesAreLeftUntilTheyAreSettled) {
  const test::TempDir dir;
  const Records records(dir.path());
  const Record record = some_record();
  EXPECT_THAT(must(records.left()), IsEmpty());
  must(records.write(record));
  must(records.remove(record.container_id, record.if_name));
  EXPECT_THAT(must(records.left()), testing::UnorderedElementsAreArray(record.addresses));
  EXPECT_EQ(records.left_among(record.addresses), record.addresses);
  must(records.settle(record.addresses));
  EXPECT_THAT(must(records.left()), IsEmpty());
  must(records.settle(record.addresses));
  // One that was none leaves nothing.
  must(records.remove(record.container_id, record.if_name));
  EXPECT_THAT(must(records.left()), IsEmpty());
}

TEST(Records, AreListedInTheOrderInWhichTheyWereWritten) {
  const test::TempDir dir;
  const Records records(dir.path());
  std::vector<Record> written;
  for (const char* container : {"c", "a", "b", "d"}) {
    Record record = some_record();
    record.container_id = container;
    must(records.write(record));
    written.push_back(record);
    std::this_thread::sleep_for(std::chrono::milliseconds(15));  // as coarse as files' times are
  }
  std::vector<std::string> notices;
  EXPECT_EQ(must(records.list(notices)), written);
}

TEST(Record, ItsIdIsOfContainerAndInterface) {
  Record record = some_record();
  const std::string id = record.id();
  EXPECT_EQ(id.size(), 16U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
  record.addresses.clear();
  EXPECT_EQ(record.id(), id);
  record.if_name = "eth1";
  EXPECT_NE(record.id(), id);
}

TEST(Record, ThatIsNoneIsRefusedByName) {
  const auto message = [](const char* text) {
    const auto record = record_of(nlohmann::json::parse(text));
    EXPECT_TRUE(!record.ok() && record.error().is(base::ErrorKind::kUndecodable)) << text;
    return record.ok() ? "" : record.error().message();
  };
  EXPECT_THAT(message("[]"), HasSubstr("object"));
  EXPECT_THAT(message(R"({"ifname":"eth0"})"), HasSubstr("containerID"));
  EXPECT_THAT(message(R"({"containerID":"c"})"), HasSubstr("ifname"));
  EXPECT_THAT(message(R"({"containerID":"c","ifname":"e","addresses":["x"]})"),
              HasSubstr("addresses"));
}

}  // namespace
}  // namespace catena::netpol
