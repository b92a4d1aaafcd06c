// "when": "requested": which pods get an ENI of their own, and who is asked.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class EniWish : public testing::Test {
 protected:
  void checkpoint(const json& entries) const {
    const std::string path = scene.dir() + "/kubelet/device-plugins";
    std::filesystem::create_directories(path);
    json data = json::object();
    data["Data"]["PodDeviceEntries"] = entries;
    data["Data"]["RegisteredDevices"]["aliyun/eni"] = json::array({"1"});
    data["Checksum"] = 1;
    std::ofstream(path + "/kubelet_internal_checkpoint") << data;
  }
  static json entry(const std::string& uid) {
    json made = {
        {"PodUID", uid}, {"ContainerName", "c"}, {"ResourceName", "aliyun/eni"}, {"AllocResp", ""}};
    made["DeviceIDs"]["-1"] = json::array({"1"});
    return made;
  }
  Answer add(const json& overrides = json::object()) const {
    json keys = {{"when", "requested"}};
    keys.merge_patch(overrides);
    return scene.try_add(pod, "pod-a", keys);
  }
  static bool has_nic(const Answer& added) { return added.json.contains("ips"); }

  const OwnEniNode scene{{.enis = 1}};
  const ScratchNetNs pod;
};

TEST_F(EniWish, AnAnnotationThatTheRuntimeHandsOverIsEnough) {
  const Answer added =
      add({{"runtimeConfig",
            {{"io.kubernetes.cri.pod-annotations", {{"k8s.aliyun.com/eni", "true"}}}}}});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_TRUE(has_nic(added));
}

TEST_F(EniWish, APodThatKubeletGaveADeviceToGetsOne) {
  checkpoint(json::array({entry("uid-pod-a")}));
  const Answer added = add();
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_TRUE(has_nic(added));
}

TEST_F(EniWish, APodThatKubeletKnowsNothingOfPassesWithNobodyThereToAsk) {
  checkpoint(json::array({entry("uid-of-another")}));
  const Answer added = add();
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(added.json, json({{"cniVersion", "1.1.0"}}));
  EXPECT_EQ(scene.held(), "");
}

TEST_F(EniWish, WhereNobodyKnowsThePodIsRefusedByDefault) {
  const Answer refused = add();
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("can't be told"));
}

TEST_F(EniWish, WhereNobodyKnowsThePodPassesWithAWarningIfSoConfigured) {
  const Answer passed = add({{"fallback", "pass"}});
  EXPECT_TRUE(passed.ok()) << passed.process.out;
  EXPECT_FALSE(has_nic(passed));
  EXPECT_THAT(scene.log(), HasSubstr("can't be told"));
}

TEST_F(EniWish, ADamagedCheckpointIsNoAnswer) {
  std::filesystem::create_directories(scene.dir() + "/kubelet/device-plugins");
  std::ofstream(scene.dir() + "/kubelet/device-plugins/kubelet_internal_checkpoint") << "{\"Data\"";
  EXPECT_EQ(add().code(), 11);
}

TEST_F(EniWish, APodOfNoClusterAsksForNothing) {
  const Answer passed = scene.call({.command = "ADD",
                                    .container_id = "podman",
                                    .netns = pod.path(),
                                    .config = scene.config({{"when", "requested"}})});
  EXPECT_TRUE(passed.ok()) << passed.process.out;
  EXPECT_FALSE(has_nic(passed));
}

TEST_F(EniWish, WhatAnEarlierPluginMadeIsPassedOn) {
  const json before = {{"cniVersion", "1.1.0"},
                       {"interfaces", {{{"name", "eth0"}, {"sandbox", pod.path()}}}},
                       {"ips", json::array()},
                       {"routes", json::array()},
                       {"dns", json::object()}};
  const Answer passed = scene.try_add(pod, "pod-a", {{"prevResult", before}});
  EXPECT_TRUE(passed.ok()) << passed.process.out;
  EXPECT_EQ(passed.json["interfaces"], before["interfaces"]);
  EXPECT_EQ(scene.held(), "");
}

TEST_F(EniWish, ServiceNetworksMustBeNamed) {
  const Answer refused = scene.try_add(pod, "pod-a", {{"serviceCIDRs", nullptr}});
  EXPECT_EQ(refused.code(), 7);
  EXPECT_THAT(refused.message(), HasSubstr("serviceCIDRs"));
}

}  // namespace
}  // namespace catena::test
