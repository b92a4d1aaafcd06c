// catena-device-plugin against a kubelet that speaks real gRPC.
#include <array>
#include <csignal>
#include <filesystem>
#include <optional>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/podwish/checkpoint.h"
#include "tests/kernel/devices/capacity_agent.h"
#include "tests/kernel/devices/plugin_scene.h"

namespace catena::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr int kResourceExhausted = 8;
constexpr int kUnimplemented = 12;

const DeviceHealth kThree{{"eni-0", "Healthy"}, {"eni-1", "Healthy"}, {"eni-2", "Healthy"}};

TEST_F(DevicePlugin, KubeletIsToldAsManyDevicesAsTheAgentSays) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_EQ(kubelet.last_endpoint(), "catena-eni.sock");
  EXPECT_EQ(kubelet.registrations(), 1);
  struct stat info {};
  ASSERT_EQ(::stat(socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(DevicePlugin, AnotherNumberReachesKubeletWithoutAnotherRegistration) {
  CapacityAgent agent(path("agent.sock"), 1);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, {{"eni-0", "Healthy"}})) << log();
  agent.set(3);
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  agent.set(2, "one ENI is shared");
  EXPECT_TRUE(has(kubelet, {{"eni-0", "Healthy"}, {"eni-1", "Healthy"}, {"eni-2", "Unhealthy"}}))
      << "one that a pod may hold must not vanish";
  EXPECT_EQ(kubelet.registrations(), 1);
  EXPECT_THAT(log(), HasSubstr("offers 2 aliyun/eni: one ENI is shared"));
}

TEST_F(DevicePlugin, NoEniToSpareIsToldAsNone) {
  const CapacityAgent agent(path("agent.sock"), 0);
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(eventually([&] { return kubelet.registrations() == 1; })) << log();
  EXPECT_EQ(kubelet.allocatable(), 0);
  EXPECT_EQ(kubelet.admit("pod-1").code, kResourceExhausted);
}

TEST_F(DevicePlugin, APodGetsADeviceAndKubeletWritesItDown) {
  const CapacityAgent agent(path("agent.sock"), 3);
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  const AllocateOutcome first = kubelet.admit("pod-1");
  EXPECT_EQ(first.code, 0) << first.text;
  EXPECT_EQ(first.containers, 1);
  EXPECT_EQ(kubelet.admit("pod-2").code, 0);
  EXPECT_EQ(read_checkpoint(kubelet.checkpoint()),
            (std::vector<DeviceEntry>{{.pod_uid = "pod-1", .devices = {"eni-0"}},
                                      {.pod_uid = "pod-2", .devices = {"eni-1"}}}));
  const auto known = podwish::pods_with_device(kubelet.checkpoint(), "aliyun/eni");
  ASSERT_TRUE(known.ok()) << known.error().text();
  EXPECT_EQ(*known, (std::set<std::string>{"pod-1", "pod-2"})) << "as catena-eni will look it up";
  EXPECT_EQ(kubelet.admit("pod-3").code, 0);
  EXPECT_EQ(kubelet.admit("pod-4").code, kResourceExhausted);
  kubelet.forget("pod-2");
  EXPECT_EQ(kubelet.admit("pod-4").code, 0);
}

TEST_F(DevicePlugin, APodThatHasNoDeviceIsKnownToHaveNone) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  const auto known = podwish::pods_with_device(kubelet.checkpoint(), "aliyun/eni");
  ASSERT_TRUE(known.ok()) << known.error().text();
  EXPECT_EQ(*known, std::set<std::string>()) << "a no without a look-up, from the first pod on";
}

TEST_F(DevicePlugin, ADeviceBeyondWhatIsOfferedIsRefusedWithTheReason) {
  CapacityAgent agent(path("agent.sock"), 2);
  agent.set(2, "4 ENIs of ecs.g7.large, less the primary one and 1 shared");
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(eventually([&] { return kubelet.allocatable() == 2; })) << log();
  for (const char* device : {"eni-2", "eni--1", "eni-", "eni-1x", "gpu-0", ""}) {
    const AllocateOutcome outcome = kubelet.ask_for({{device}});
    EXPECT_EQ(outcome.code, kResourceExhausted) << device;
    EXPECT_THAT(outcome.text, HasSubstr("room for 2 pods with an ENI of their own")) << device;
    EXPECT_THAT(outcome.text, HasSubstr("less the primary one and 1 shared")) << device;
  }
  const AllocateOutcome both = kubelet.ask_for({{"eni-0"}, {"eni-1"}});
  EXPECT_EQ(both.code, 0) << both.text;
  EXPECT_EQ(both.containers, 2);
}

TEST_F(DevicePlugin, AContainerThatAsksForTwoIsRefused) {
  const CapacityAgent agent(path("agent.sock"), 3);
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  const AllocateOutcome outcome = kubelet.admit("pod-1", 2);
  EXPECT_EQ(outcome.code, kResourceExhausted);
  EXPECT_THAT(outcome.text, HasSubstr("a pod has one ENI of its own: ask for 1"));
  EXPECT_TRUE(read_checkpoint(kubelet.checkpoint()).empty());
}

TEST_F(DevicePlugin, RegistersAgainWithAKubeletThatRestarts) {
  const CapacityAgent agent(path("agent.sock"), 3);
  std::optional<Kubelet> kubelet(std::in_place, kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(*kubelet, kThree)) << log();
  ASSERT_EQ(kubelet->admit("pod-1").code, 0);
  for (int i = 0; i < 3; ++i) {
    kubelet.reset();
    kubelet.emplace(kubelet_dir());
    EXPECT_TRUE(has(*kubelet, kThree)) << log();
  }
  EXPECT_EQ(kubelet->admit("pod-2").code, 0);
  EXPECT_EQ(read_checkpoint(kubelet->checkpoint()).back(),
            (DeviceEntry{.pod_uid = "pod-2", .devices = {"eni-1"}}));
}

TEST_F(DevicePlugin, WaitsForAKubeletThatStartsLater) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const RunningPlugin plugin(places());
  ASSERT_TRUE(eventually([&] { return log().find("watch " + kubelet_dir()) != std::string::npos; }))
      << log();
  const Kubelet kubelet(kubelet_dir());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
}

TEST_F(DevicePlugin, ComesBackAfterAKill) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  std::optional<RunningPlugin> plugin(std::in_place, places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  plugin->end(SIGKILL);
  ASSERT_TRUE(eventually([&] { return kubelet.allocatable() == 0; }));
  plugin.emplace(places());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_EQ(kubelet.registrations(), 2);
}

TEST_F(DevicePlugin, ItsSocketIsMadeAgainWhenSomebodyRemovesIt) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  std::filesystem::remove(socket());
  EXPECT_TRUE(eventually([&] { return kubelet.registrations() == 2; })) << log();
  EXPECT_TRUE(has(kubelet, kThree)) << log();
}

TEST_F(DevicePlugin, OffersTheLastNumberWhileTheAgentIsAway) {
  const Kubelet kubelet(kubelet_dir());
  {
    const CapacityAgent agent(path("agent.sock"), 3);
    RunningPlugin plugin(places());
    ASSERT_TRUE(has(kubelet, kThree)) << log();
    EXPECT_EQ(plugin.end(SIGTERM), 0);
  }
  ASSERT_TRUE(eventually([&] { return kubelet.allocatable() == 0; }));
  const RunningPlugin plugin(places());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_TRUE(eventually([&] { return log().find("nobody listens") != std::string::npos; }));
}

TEST_F(DevicePlugin, AnAgentThatFailsChangesNothing) {
  CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  for (const char* line : {R"({"error":{"kind":"try-again","text":"the cloud is away"}})",
                           R"({"result":{"capacity":-1}})", R"({"result":{}})", "rubbish"}) {
    agent.set_answer(line);
    const int asked = agent.asked();
    ASSERT_TRUE(eventually([&] { return agent.asked() > asked + 1; })) << line;
    EXPECT_EQ(kubelet.devices(), kThree) << line;
  }
  EXPECT_THAT(log(), HasSubstr("the cloud is away"));
  EXPECT_EQ(kubelet.registrations(), 1);
}

TEST_F(DevicePlugin, NothingIsOfferedBeforeTheAgentHasSpoken) {
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(eventually([&] { return log().find("nobody listens") != std::string::npos; }));
  EXPECT_EQ(kubelet.registrations(), 0);
  const CapacityAgent agent(path("agent.sock"), 3);
  EXPECT_TRUE(has(kubelet, kThree)) << log();
}

TEST_F(DevicePlugin, ABrokenFileOfTheLastNumberIsToldAndReplaced) {
  std::filesystem::create_directory(path("state"));
  write("state/eni.capacity", R"({"capa)");
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_THAT(log(), HasSubstr("eni.capacity: not JSON"));
  EXPECT_THAT(*base::read_file(path("state/eni.capacity"), 4096), HasSubstr(R"("capacity":3)"));
}

TEST_F(DevicePlugin, DevicesOfAnEarlierBootAreForgotten) {
  std::filesystem::create_directory(path("state"));
  write("state/eni.capacity", R"({"capacity":2,"listed":9,"bootId":"another"})");
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  EXPECT_TRUE(has(kubelet, {{"eni-0", "Healthy"}, {"eni-1", "Healthy"}})) << log();
}

TEST_F(DevicePlugin, DisableDevicePluginWithdrawsTheOfferAndItsEndRenewsIt) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  write("eni.json", R"({"version":"1","disable_device_plugin":true})");
  EXPECT_TRUE(eventually([&] { return kubelet.allocatable() == 0; })) << log();
  EXPECT_FALSE(std::filesystem::exists(socket()));
  EXPECT_THAT(log(), HasSubstr("disable_device_plugin is set"));
  write("eni.json", R"({"vers)");
  ASSERT_TRUE(eventually([&] { return log().find("eni.json: ") != std::string::npos; })) << log();
  EXPECT_FALSE(std::filesystem::exists(socket())) << "a broken file says nothing";
  write("eni.json", R"({"version":"1"})");
  EXPECT_TRUE(has(kubelet, kThree)) << log();
}

TEST_F(DevicePlugin, IsNotOfferedFromTheStartWhereEniConfSaysSo) {
  write("eni.json", R"({"version":"1","disable_device_plugin":true})");
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  RunningPlugin plugin(places());
  ASSERT_TRUE(eventually([&] { return log().find("disable_device_plugin") != std::string::npos; }));
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(kubelet.registrations(), 0);
  EXPECT_EQ(plugin.end(SIGTERM), 0);
}

TEST_F(DevicePlugin, EndsAtOnceAndLeavesNoSocket) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_EQ(plugin.end(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::exists(socket()));
  EXPECT_TRUE(eventually([&] { return kubelet.allocatable() == 0; }));
}

TEST_F(DevicePlugin, OnlyOneServesANode) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  RunningPlugin second(places());
  EXPECT_EQ(second.wait(), 1);
  EXPECT_THAT(log(), HasSubstr("only one device plugin can serve a node"));
  EXPECT_EQ(kubelet.devices(), kThree);
}

TEST_F(DevicePlugin, AnOlderKubeletThatNamesTheSocketAsHostIsServed) {
  const CapacityAgent agent(path("agent.sock"), 3);
  Kubelet kubelet(kubelet_dir(), {.authority = socket()});
  const RunningPlugin plugin(places());
  EXPECT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_EQ(kubelet.admit("pod-1").code, 0);
}

TEST_F(DevicePlugin, AKubeletThatRefusesIsAskedAgainAndToldOnce) {
  const CapacityAgent agent(path("agent.sock"), 3);
  std::optional<Kubelet> kubelet(std::in_place, kubelet_dir(),
                                 Kubelet::Options{.refusal = "not now, thank you: 100 %"});
  const RunningPlugin plugin(places());
  const std::string line = "refused: not now, thank you: 100 %";
  ASSERT_TRUE(eventually([&] { return log().find(line) != std::string::npos; })) << log();
  std::this_thread::sleep_for(seconds(1));
  EXPECT_EQ(log().find(line), log().rfind(line)) << log();
  kubelet.reset();
  kubelet.emplace(kubelet_dir());
  EXPECT_TRUE(has(*kubelet, kThree)) << log();
}

TEST_F(DevicePlugin, WhatIsNotOfferedIsRefusedAsUnimplemented) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  EXPECT_EQ(kubelet.plugin()->get_preferred_allocation(), kUnimplemented);
  EXPECT_EQ(kubelet.plugin()->pre_start_container(), kUnimplemented);
}

TEST_F(DevicePlugin, CallersThatSpeakRubbishDisturbNobody) {
  const CapacityAgent agent(path("agent.sock"), 3);
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  for (const std::string& said :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, 'x'), std::string()}) {
    const base::UniqueFd fd = connect_to_plugin();
    (void)!::send(fd.get(), said.data(), said.size(), MSG_NOSIGNAL);
  }
  EXPECT_EQ(kubelet.admit("pod-1").code, 0);
  EXPECT_EQ(kubelet.devices(), kThree);
}

// More than is read at a time, and nothing of it to be answered but the end.
TEST_F(DevicePlugin, ACallerWithMuchToSayIsHeardToTheEnd) {
  const CapacityAgent agent(path("agent.sock"), 3);
  const Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  using namespace std::string_literals;
  std::string said = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s;
  const std::string unknown_frame = "\0\x20\0\xee\0\0\0\0\0"s + std::string(0x2000, 'x');
  for (int i = 0; i < 16; ++i) {
    said += unknown_frame;
  }
  said += "\0\0\x08\x06\0\0\0\0\0answerme"s;  // PING
  const base::UniqueFd fd = connect_to_plugin();
  ASSERT_TRUE(base::write_all(fd.get(), said, "frames").ok());
  std::string answer;
  pollfd ready{fd.get(), POLLIN, 0};
  std::array<char, 4096> buffer{};
  while (answer.find("answerme") == std::string::npos && ::poll(&ready, 1, 10'000) == 1) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  EXPECT_THAT(answer, HasSubstr("\x06\x01\0\0\0\0answerme"s));
}

TEST_F(DevicePlugin, ManyCallsOneAfterAnotherAreAnswered) {
  const CapacityAgent agent(path("agent.sock"), 3);
  Kubelet kubelet(kubelet_dir());
  const RunningPlugin plugin(places());
  ASSERT_TRUE(has(kubelet, kThree)) << log();
  const double before = plugin.resident_mib();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(kubelet.ask_for({{"eni-1"}}).code, 0);
  }
  EXPECT_LT(plugin.resident_mib(), before + 1) << "memory must not grow with the calls";
  EXPECT_LT(plugin.resident_mib(), 10);
  RecordProperty("resident_kib", static_cast<int>(plugin.resident_mib() * 1024));
}

}  // namespace
}  // namespace catena::test
