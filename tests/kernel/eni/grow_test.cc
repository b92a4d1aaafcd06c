// An ADD that finds no ENI waits for the agent's duty eni.grow, within its deadline.
#include <chrono>
#include <functional>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/kernel/eni/own_eni_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// An agent that answers one question after a while, when it has done `work`.
class SlowAgent {
 public:
  SlowAgent(std::string path, milliseconds takes, std::function<void()> work, std::string answer)
      : path_(std::move(path)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 4), 0);
    thread_ = std::thread([this, takes, work = std::move(work), line = std::move(answer) + "\n"] {
      const base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      for (char byte = 0; byte != '\n' && ::read(peer.get(), &byte, 1) == 1;) {
        asked_ += byte;
      }
      std::this_thread::sleep_for(takes);
      work();
      // Who asked may have given up.
      (void)::send(peer.get(), line.data(), line.size(), MSG_NOSIGNAL);
    });
  }
  SlowAgent(const SlowAgent&) = delete;
  SlowAgent& operator=(const SlowAgent&) = delete;
  SlowAgent(SlowAgent&&) = delete;
  SlowAgent& operator=(SlowAgent&&) = delete;
  ~SlowAgent() { asked(); }

  // When it has answered.
  std::string asked() {
    if (thread_.joinable()) {
      thread_.join();
    }
    return asked_;
  }

 private:
  std::string path_;
  base::UniqueFd listener_;
  std::string asked_;
  std::thread thread_;
};

class EniGrow : public testing::Test {
 protected:
  std::string socket() const { return scene_.dir() + "/slow-agent.sock"; }
  Answer add(const ScratchNetNs& pod, const std::string& container, int grow_timeout) const {
    return scene_.call({.command = "ADD",
                        .container_id = container,
                        .netns = pod.path(),
                        .args = args_of_pod(container),
                        .config = scene_.config({{"growTimeout", grow_timeout}}),
                        .wrapper = {"/usr/bin/env", "CATENA_SOCKET=" + socket()}});
  }

  OwnEniNode scene_{{.enis = 0}};
};

constexpr const char* kGrown = R"({"result":{"enis":["eni-1"],"idle":1}})";

TEST_F(EniGrow, AnAddWaitsForASlowAgentAndGetsTheEniThatItAttached) {
  const ScratchNetNs pod;
  SlowAgent agent(
      socket(), milliseconds(1'500), [this] { scene_.plug_eni(1); }, kGrown);
  const Answer added = add(pod, "pod-a", 30);
  ASSERT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(address_of(added), "192.168.0.31");
  EXPECT_THAT(agent.asked(), HasSubstr(R"("duty":"eni.grow")"));
  EXPECT_THAT(agent.asked(), HasSubstr(R"("demand":1)"));
  EXPECT_TRUE(can_ping(pod, "192.168.1.10"));
}

TEST_F(EniGrow, AnAddWhoseTimeIsUpSaysSoLeavesNothingAndTheNextGetsThatEni) {
  const ScratchNetNs pod;
  SlowAgent agent(
      socket(), seconds(4), [this] { scene_.plug_eni(1); }, kGrown);
  const auto begin = std::chrono::steady_clock::now();
  const Answer refused = add(pod, "pod-a", 1);
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("no ENI is free for the pod alone"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(3'500));
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.held(), "");
  EXPECT_EQ(pod.sh("ip -o link | grep -v ': lo:'; true"), "");
  agent.asked();
  const Answer again = add(pod, "pod-a", 1);
  EXPECT_TRUE(again.ok()) << again.process.out;
  EXPECT_EQ(address_of(again), "192.168.0.31");
}

TEST_F(EniGrow, WhatTheCloudSaidIsInTheError) {
  const ScratchNetNs pod;
  const SlowAgent agent(
      socket(), milliseconds(10), [] {},
      R"({"error":{"kind":"try-again","text":"ecs.g7.large has no room for 1 more ENIs of pods",)"
      R"("code":"Catena.Limit","advice":"take a larger instance type"}})");
  const Answer refused = add(pod, "pod-a", 5);
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.process.out, HasSubstr("ecs.g7.large has no room for 1 more ENIs of pods"));
  EXPECT_EQ(scene_.leftovers(), "");
}

}  // namespace
}  // namespace catena::test
