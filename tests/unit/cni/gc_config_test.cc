#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cni/config.h"
#include "tests/unit/cni/call.h"

namespace catena::cni {
namespace {

using nlohmann::json;

constexpr const char* kNew = "cni.dev/valid-attachments";
constexpr const char* kOld = "cni.dev/attachments";

NetworkConfig read(const std::vector<std::pair<const char*, json>>& keys,
                   Command command = Command::kGc,
                   std::vector<std::string>* passed_over = nullptr) {
  json config = test::config_of("1.1.0");
  for (const auto& [key, value] : keys) {
    config[key] = value;
  }
  base::Result<NetworkConfig> read = read_config(config.dump(), command, passed_over);
  EXPECT_TRUE(read.ok()) << read.error().message();
  return std::move(read).value();
}

const json kOne = json::parse(R"([{"containerID": "c1", "ifname": "eth0"}])");

TEST(ValidAttachments, AbsentMeansThatNothingIsKnownToBeGone) {
  EXPECT_FALSE(read({}).valid_attachments.has_value());
}

TEST(ValidAttachments, NullAndTheEmptyListMeanThatAllAreGone) {
  for (const char* key : {kNew, kOld}) {
    for (const json& value : {json(nullptr), json::array()}) {
      const NetworkConfig config = read({{key, value}});
      ASSERT_TRUE(config.valid_attachments.has_value()) << key << value;
      EXPECT_TRUE(config.valid_attachments->empty());
    }
  }
}

TEST(ValidAttachments, AreReadFromTheNewKeyBeforeTheOld) {
  const std::vector<Attachment> one{{"c1", "eth0"}};
  EXPECT_EQ(read({{kNew, kOne}}).valid_attachments, one);
  EXPECT_EQ(read({{kOld, kOne}}).valid_attachments, one);
  EXPECT_EQ(read({{kNew, kOne}, {kOld, json::array()}}).valid_attachments, one);
  EXPECT_TRUE(read({{kNew, nullptr}, {kOld, kOne}}).valid_attachments->empty());
}

TEST(ValidAttachments, KeysInAnyCaseAndUnknownOnes) {
  const json entry = json::parse(R"([{"ContainerID": "c1", "IfName": "eth0", "x": 1}])");
  EXPECT_EQ(read({{kNew, entry}}).valid_attachments, (std::vector<Attachment>{{"c1", "eth0"}}));
}

// Taking a list that cannot be read for an empty one would remove every pod's network.
TEST(ValidAttachments, WhatCannotBeReadCountsAsAbsentAndIsReported) {
  for (const char* value :
       {"1", "{}", "[1]", "[{}]", R"([{"containerID": "c1"}])", R"([{"ifname": "eth0"}])",
        R"([{"containerID": "c1", "ifname": "eth0"}, {"containerID": 2, "ifname": "eth0"}])"}) {
    std::vector<std::string> passed_over;
    EXPECT_FALSE(read({{kNew, json::parse(value)}}, Command::kGc, &passed_over)
                     .valid_attachments.has_value())
        << value;
    EXPECT_EQ(passed_over.size(), 1U) << value;
  }
}

TEST(ValidAttachments, OtherVerbsDoNotLookAtThem) {
  EXPECT_FALSE(read({{kNew, kOne}}, Command::kAdd).valid_attachments.has_value());
  EXPECT_FALSE(read({{kNew, 1}}, Command::kAdd).valid_attachments.has_value());
}

TEST(ValidAttachments, TenThousandFit) {
  json many = json::array();
  for (int i = 0; i < 10'000; ++i) {
    many.push_back(
        {{"containerID", std::string(59, 'c') + std::to_string(10'000 + i)}, {"ifname", "eth0"}});
  }
  EXPECT_EQ(read({{kNew, many}, {kOld, many}}).valid_attachments->size(), 10'000U);
}

}  // namespace
}  // namespace catena::cni
