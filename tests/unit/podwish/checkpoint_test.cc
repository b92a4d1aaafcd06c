// kubelet's device checkpoint, as kubelets of several ages write it.
#include "common/podwish/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/temp_dir.h"

namespace catena::podwish {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Checkpoint : public testing::Test {
 protected:
  base::Result<PodsWithDevice> read(std::string_view text) {
    EXPECT_TRUE(base::replace_file(path_, text).ok());
    return pods_with_device(path_, "aliyun/eni");
  }

  test::TempDir dir_;
  std::string path_ = dir_.path() + "/kubelet_internal_checkpoint";
};

TEST_F(Checkpoint, OldKubeletsListDeviceIds) {
  const auto pods = read(
      R"({"Data":{"PodDeviceEntries":[)"
      R"({"PodUID":"u-1","ContainerName":"a","ResourceName":"aliyun/eni","DeviceIDs":["eni-0"],"AllocResp":"CgA="},)"
      R"({"PodUID":"u-2","ContainerName":"a","ResourceName":"nvidia.com/gpu","DeviceIDs":["gpu-0"],"AllocResp":""},)"
      R"({"PodUID":"u-3","ContainerName":"a","ResourceName":"aliyun/eni","DeviceIDs":[],"AllocResp":""}],)"
      R"("RegisteredDevices":{"aliyun/eni":["eni-0","eni-1"],"nvidia.com/gpu":["gpu-0"]}},"Checksum":12345})");
  ASSERT_TRUE(pods.ok()) << pods.error().text();
  ASSERT_TRUE(pods->has_value());
  EXPECT_THAT(**pods, UnorderedElementsAre("u-1"));
}

TEST_F(Checkpoint, NewerKubeletsListThemByNumaNode) {
  const auto pods = read(
      R"({"Data":{"PodDeviceEntries":[)"
      R"({"PodUID":"u-1","ContainerName":"a","ResourceName":"aliyun/eni","DeviceIDs":{"-1":["eni-0"]},"AllocResp":"CgA="},)"
      R"({"PodUID":"u-2","ContainerName":"i","ResourceName":"aliyun/eni","DeviceIDs":{"0":[],"1":["eni-1"]},"AllocResp":null},)"
      R"({"PodUID":"u-3","ContainerName":"i","ResourceName":"aliyun/eni","DeviceIDs":{"0":null},"AllocResp":null}],)"
      R"("RegisteredDevices":{"aliyun/eni":["eni-0","eni-1"]}},"Checksum":3421})");
  ASSERT_TRUE(pods.ok()) << pods.error().text();
  ASSERT_TRUE(pods->has_value());
  EXPECT_THAT(**pods, UnorderedElementsAre("u-1", "u-2"));
}

TEST_F(Checkpoint, ANodeWithoutSuchPodsIsAnEmptySet) {
  for (
      const char* text :
      {R"({"Data":{"PodDeviceEntries":null,"RegisteredDevices":{"aliyun/eni":["eni-0"]}},"Checksum":1})",
       R"({"Data":{"PodDeviceEntries":[],"RegisteredDevices":{"aliyun/eni":[]}},"Checksum":1})",
       R"({"Data":{"PodDeviceEntries":null,"RegisteredDevices":{"aliyun/eni":null}},"Checksum":1})"}) {
    const auto pods = read(text);
    ASSERT_TRUE(pods.ok()) << pods.error().text();
    ASSERT_TRUE(pods->has_value()) << text;
    EXPECT_THAT(**pods, IsEmpty());
  }
}

TEST_F(Checkpoint, AResourceThatNoDevicePluginServesIsUnknownToIt) {
  for (
      const char* text :
      {R"({"Data":{"PodDeviceEntries":null,"RegisteredDevices":{"nvidia.com/gpu":[]}},"Checksum":1})",
       R"({"Data":{"PodDeviceEntries":null,"RegisteredDevices":null},"Checksum":1})",
       R"({"Data":{}})"}) {
    const auto pods = read(text);
    ASSERT_TRUE(pods.ok()) << pods.error().text();
    EXPECT_FALSE(pods->has_value()) << text;
  }
}

TEST_F(Checkpoint, PodsOfAPluginThatIsGoneAreStillKnown) {
  const auto pods = read(
      R"({"Data":{"PodDeviceEntries":[{"PodUID":"u-1","ResourceName":"aliyun/eni","DeviceIDs":{"-1":["eni-0"]}}],)"
      R"("RegisteredDevices":{}},"Checksum":1})");
  ASSERT_TRUE(pods.ok() && pods->has_value());
  EXPECT_THAT(**pods, UnorderedElementsAre("u-1"));
}

TEST_F(Checkpoint, NoFileIsNoAnswer) {
  const auto pods = pods_with_device(dir_.path() + "/none", "aliyun/eni");
  ASSERT_TRUE(pods.ok()) << pods.error().text();
  EXPECT_FALSE(pods->has_value());
}

TEST_F(Checkpoint, WhatIsTornOrOfAnotherShapeIsAnErrorThatNamesTheFile) {
  for (
      const char* text :
      {"", "{", "[]", "{}", R"({"Data":[]})", R"({"Data":{"PodDeviceEntries":{}}})",
       R"({"Data":{"PodDeviceEntries":[1]}})", R"({"Data":{"PodDeviceEntries":[{"PodUID":7}]}})",
       R"({"Data":{"RegisteredDevices":[]}})",
       R"({"Data":{"PodDeviceEntries":[{"PodUID":"u","ResourceName":"aliyun/eni","DeviceIDs":"x"}]}})",
       R"({"Data":{"PodDeviceEntries":[{"PodUID":"u","ResourceName":"aliyun/eni","DeviceIDs":{"0":"x"}}]}})"}) {
    const auto pods = read(text);
    ASSERT_FALSE(pods.ok()) << text;
    EXPECT_TRUE(pods.error().is(base::ErrorKind::kUndecodable)) << text;
    EXPECT_THAT(pods.error().text(), HasSubstr(path_));
  }
}

}  // namespace
}  // namespace catena::podwish
