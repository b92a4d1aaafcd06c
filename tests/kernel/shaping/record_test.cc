#include "common/shaping/record.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/shaping/scene.h"
#include "tests/support/temp_dir.h"

namespace catena::test {
namespace {

using shaping::Record;
using shaping::Records;
using testing::IsEmpty;
using testing::SizeIs;

Record record_of(const PodAndNode& world) {
  Record record;
  record.shaped = world.shaped();
  record.shaped.subnets.unshaped = {prefix("10.0.0.0/8"), prefix("fd00::/8")};
  record.netns = world.pod_ns.path();
  record.pod_namespace = "default";
  record.pod_name = "web-0";
  record.pod_uid = "u1";
  record.rates = rates_of(kMbit, 0);
  record.rates.ingress.burst_bits = 8000;
  return record;
}

TEST(Records, AreReadAsWritten) {
  const PodAndNode world;
  const TempDir dir;
  const Records records(dir.path() + "/state");
  std::vector<std::string> notices;
  EXPECT_THAT(must(records.list(notices)), IsEmpty());
  EXPECT_FALSE(must(records.find("pod-a", "eth0")).has_value());
  must(records.remove("pod-a", "eth0"));

  const Record record = record_of(world);
  must(records.write(record));
  const auto found = must(records.find("pod-a", "eth0"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->shaped, record.shaped);
  EXPECT_EQ(found->rates, record.rates);
  EXPECT_EQ(found->netns, record.netns);
  EXPECT_EQ(found->pod_uid, "u1");
  EXPECT_FALSE(found->fixed);
  EXPECT_THAT(must(records.list(notices)), SizeIs(1));
  must(records.remove("pod-a", "eth0"));
  EXPECT_THAT(must(records.list(notices)), IsEmpty());
  EXPECT_THAT(notices, IsEmpty());
}

TEST(Records, BrokenOneIsNamedAndTheOthersAreRead) {
  const PodAndNode world;
  const TempDir dir;
  const Records records(dir.path());
  must(records.write(record_of(world)));
  std::ofstream(dir.path() + "/shaped/ctbbroken") << "{\"format\": 1, \"conta";
  std::ofstream(dir.path() + "/shaped/ctblater") << R"({"format": 2})";
  std::ofstream(dir.path() + "/shaped/ctbx.tmp") << "half";
  const std::string old = dir.path() + "/shaped/ctby.tmp";
  std::ofstream(old) << "half";
  std::filesystem::last_write_time(
      old, std::filesystem::file_time_type::clock::now() - std::chrono::minutes(2));
  std::vector<std::string> notices;
  EXPECT_THAT(must(records.list(notices)), SizeIs(1));
  EXPECT_THAT(notices, SizeIs(2));
  EXPECT_FALSE(std::filesystem::exists(old)) << "its writer is no more";
}

TEST(Records, RunningPodGetsOtherRates) {
  PodAndNode world;
  const TempDir dir;
  const Records records(dir.path());
  const Record record = record_of(world);
  must(records.write(record));
  world.host_ns.run([&] { must(records.reshape(record, rates_of(5 * kMbit, 6 * kMbit))); });
  EXPECT_THAT(must(shaping::differences(world.host, world.pod, record.shaped,
                                        rates_of(5 * kMbit, 6 * kMbit))),
              IsEmpty());
  EXPECT_EQ(must(records.find("pod-a", "eth0"))->rates, rates_of(5 * kMbit, 6 * kMbit));
}

TEST(Records, PodThatIsGoneMeanwhileIsLeftWithoutLimits) {
  PodAndNode world;
  const TempDir dir;
  const Records records(dir.path());
  Record record = record_of(world);
  record.shaped.egress_from = shaping::EgressFrom::kHost;
  // No record: DEL has been there between the look at it and the change.
  world.host_ns.run([&] { must(records.reshape(record, rates_of(5 * kMbit, 6 * kMbit))); });
  EXPECT_THAT(world.traffic_control(), IsEmpty());
  EXPECT_FALSE(must(records.find("pod-a", "eth0")).has_value());

  record.netns = dir.path() + "/gone";
  must(records.reshape(record, rates_of(5 * kMbit, 6 * kMbit)));
}

}  // namespace
}  // namespace catena::test
