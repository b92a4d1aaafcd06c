// ADD with no address left: the pool grows once for all who wait.
#include <filesystem>
#include <fstream>
#include <future>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class MultiipGrow : public testing::Test {
 protected:
  // ADD with the agent doing what `order` says.
  Answer add(const ScratchNetNs& pod, const std::string& container, const std::string& order,
             const json& keys = json::object()) const {
    return scene_.call(
        {.command = "ADD",
         .container_id = container,
         .netns = pod.path(),
         .config = scene_.config(keys),
         .wrapper = {"/usr/bin/env", "CNI_PATH=" + agent_dir(), "FAKE_AGENT=" + order}});
  }
  static std::string agent_dir() { return bin_dir() + "/../tests/fake-agent-multiip"; }
  std::vector<std::string> agent_calls() const {
    std::ifstream in(scene_.dir() + "/agent-calls");
    std::vector<std::string> calls;
    for (std::string line; std::getline(in, line);) {
      calls.push_back(line);
    }
    return calls;
  }
  // So many ADDs at once.
  std::vector<Answer> burst(int count, const std::string& order) {
    while (static_cast<int>(pods_.size()) < count) {
      pods_.push_back(std::make_unique<ScratchNetNs>());
    }
    std::vector<std::future<Answer>> started;
    for (int i = 0; i < count; ++i) {
      started.push_back(std::async(std::launch::async, [this, i, order] {
        return add(*pods_[static_cast<std::size_t>(i)], "pod-" + std::to_string(i), order);
      }));
    }
    std::vector<Answer> answers;
    answers.reserve(started.size());
    for (auto& one : started) {
      answers.push_back(one.get());
    }
    return answers;
  }

  EniNode scene_;
  std::vector<std::unique_ptr<ScratchNetNs>> pods_;
};

TEST_F(MultiipGrow, AnAddThatFindsNoAddressMakesThePoolGrow) {
  const ScratchNetNs pod;
  const Answer added =
      add(pod, "pod-a", "ok", {{"ipFamilies", {"ipv4", "ipv6"}}, {"eniConf", "/etc/x.json"}});
  ASSERT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(address_of(added), "192.168.0.50");
  EXPECT_EQ(address_of(added, 1), "fd00:a::50");
  EXPECT_TRUE(can_ping(pod, "192.168.1.10"));
  ASSERT_EQ(agent_calls().size(), 1U);
  EXPECT_THAT(agent_calls()[0],
              HasSubstr(R"(call pool.grow --args {"demand":1,"ipv4":true,"ipv6":true})"));
  EXPECT_THAT(agent_calls()[0], HasSubstr("--state-dir " + scene_.state_dir() + " --deadline 89"));
  EXPECT_THAT(agent_calls()[0], HasSubstr("--eni-conf /etc/x.json"));
  EXPECT_TRUE(std::filesystem::is_empty(scene_.state_dir() + "/waiting"));
}

TEST_F(MultiipGrow, ThirtyPodsAtOnceAskOnceForAllOrTwiceAtMost) {
  for (const Answer& answer : burst(30, "ok")) {
    EXPECT_TRUE(answer.ok()) << answer.process.out;
  }
  // On a busy machine the last ones start after the first has asked.
  EXPECT_LE(agent_calls().size(), 2U) << testing::PrintToString(agent_calls());
  EXPECT_TRUE(std::filesystem::is_empty(scene_.state_dir() + "/waiting"));
}

TEST_F(MultiipGrow, AFailureIsCode11WithWhatTheCloudSaidAndCountsForAllWhoWait) {
  const auto begin = std::chrono::steady_clock::now();
  for (const Answer& answer :
       burst(10, "pool.grow: QuotaExceeded.PrivateIpAddress, RequestId 4C46; ask for more")) {
    EXPECT_EQ(answer.code(), 11);
    EXPECT_THAT(answer.message(), HasSubstr("QuotaExceeded.PrivateIpAddress, RequestId 4C46"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(8));
  EXPECT_EQ(agent_calls().size(), 1U);
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.held(), "");
}

TEST_F(MultiipGrow, AnAddressThatComesFreeServesDespiteARecentFailure) {
  const ScratchNetNs pod;
  EXPECT_EQ(add(pod, "pod-a", "no").code(), 11);
  scene_.put_addresses("eni-1", {"21"});
  EXPECT_TRUE(add(pod, "pod-a", "no").ok());
  EXPECT_EQ(agent_calls().size(), 1U);
}

TEST_F(MultiipGrow, AFailureOfAnotherBootOrOfLongAgoDoesNotCount) {
  const ScratchNetNs pod;
  std::filesystem::create_directories(scene_.state_dir());
  for (const std::string stamp : {"9000000000000000000", "1", "\"never\""}) {
    std::ofstream(scene_.state_dir() + "/grow.failure")
        << "{\"boottimeNs\":" << stamp << ",\"text\":\"old\"}";
    const Answer added = add(pod, "pod-a", "ok");
    EXPECT_TRUE(added.ok()) << added.process.out;
    EXPECT_TRUE(scene_.del(pod.path(), "pod-a").ok());
  }
}

TEST_F(MultiipGrow, AnAgentThatGrowsNothingIsReported) {
  const ScratchNetNs pod;
  const Answer refused = add(pod, "pod-a", "none");
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("the agent says it grew, but " + scene_.state_dir()));
}

TEST_F(MultiipGrow, AnAgentThatHangsIsGivenUpAfterGrowTimeout) {
  const ScratchNetNs pod;
  const auto begin = std::chrono::steady_clock::now();
  const Answer refused = add(pod, "pod-a", "hang", {{"growTimeout", 2}});
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("did not end in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(MultiipGrow, WithoutAnAgentTheErrorSaysWhereItWasLookedFor) {
  const ScratchNetNs pod;
  const Answer refused =
      scene_.call({.command = "ADD", .netns = pod.path(), .config = scene_.config()});
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("catena-agent is in none of"));
}

TEST_F(MultiipGrow, WaitersThatDiedAreNotCountedAndAreSwept) {
  std::filesystem::create_directories(scene_.state_dir() + "/waiting");
  const std::string dead = scene_.state_dir() + "/waiting/00000000deadbeef-4";
  const std::string alive = scene_.state_dir() + "/waiting/00000000cafecafe-6";
  const std::ofstream file(dead);
  const base::UniqueFd held(::open(alive.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(held.get(), LOCK_EX), 0);
  const ScratchNetNs pod;
  EXPECT_TRUE(add(pod, "pod-a", "ok").ok());
  EXPECT_THAT(agent_calls().at(0), HasSubstr(R"({"demand":2,"ipv4":true,"ipv6":true})"));
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(alive));
}

// A daemon that answers one request: gives eni-1 its addresses, or says what it is told to.
class OneAnswer {
 public:
  OneAnswer(const EniNode& scene, std::string answer) : path_(scene.dir() + "/agent.sock") {
    fd_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 8), 0);
    server_ = std::thread([this, &scene, answer = std::move(answer)] {
      pollfd ready{fd_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 20'000) != 1) {
        return;
      }
      const base::UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char buffer[4096];
      while (request_.find('\n') == std::string::npos) {
        const ssize_t count = ::read(peer.get(), buffer, sizeof buffer);
        if (count <= 0) {
          return;
        }
        request_.append(buffer, static_cast<std::size_t>(count));
      }
      scene.put_addresses("eni-1", answer.find("result") != std::string::npos
                                       ? std::vector<std::string>{"21"}
                                       : std::vector<std::string>{});
      EXPECT_EQ(::write(peer.get(), answer.data(), answer.size()),
                static_cast<ssize_t>(answer.size()));
    });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  OneAnswer(OneAnswer&&) = delete;
  OneAnswer& operator=(OneAnswer&&) = delete;
  ~OneAnswer() { server_.join(); }

  std::vector<std::string> wrapper() const { return {"/usr/bin/env", "CATENA_SOCKET=" + path_}; }
  const std::string& request() {
    server_.join();
    server_ = std::thread([] {});
    return request_;
  }

 private:
  std::string path_;
  base::UniqueFd fd_;
  std::string request_;
  std::thread server_;
};

TEST_F(MultiipGrow, TheDaemonIsAskedOverItsSocketFirst) {
  OneAnswer daemon(scene_, "{\"result\":{\"enis\":[]}}\n");
  const ScratchNetNs pod;
  const Answer added = scene_.call({.command = "ADD",
                                    .netns = pod.path(),
                                    .config = scene_.config({{"growTimeout", 20}}),
                                    .wrapper = daemon.wrapper()});
  EXPECT_TRUE(added.ok()) << added.process.out;
  const json request = json::parse(daemon.request());
  EXPECT_EQ(request.at("duty"), "pool.grow");
  EXPECT_EQ(request.at("args").dump(), R"({"demand":1,"ipv4":true,"ipv6":false})");
  EXPECT_GT(request.at("deadlineMs"), 17'000);
  EXPECT_LE(request.at("deadlineMs"), 19'000);
}

TEST_F(MultiipGrow, WhatTheDaemonSaysWentWrongIsTheErrorOfAdd) {
  OneAnswer daemon(scene_,
                   "{\"error\":{\"kind\":\"not-found\",\"text\":\"no vSwitch has room\",\"code\":"
                   "\"InvalidVSwitchId.IpNotEnough\",\"requestId\":\"4C46\",\"advice\":\"add a "
                   "vSwitch to eni.conf\"}}\n");
  const ScratchNetNs pod;
  const Answer refused = scene_.call({.command = "ADD",
                                      .netns = pod.path(),
                                      .config = scene_.config(),
                                      .wrapper = daemon.wrapper()});
  EXPECT_EQ(refused.code(), 11);
  EXPECT_THAT(refused.message(), HasSubstr("no vSwitch has room (RequestId 4C46)"));
  EXPECT_THAT(refused.json.value("details", ""), HasSubstr("add a vSwitch to eni.conf"));
}

TEST_F(MultiipGrow, ADaemonThatEndsBeforeItAnswersIsReplacedByTheOneShotCall) {
  OneAnswer daemon(scene_, "{\"res");
  const ScratchNetNs pod;
  std::vector<std::string> wrapper = daemon.wrapper();
  wrapper.insert(wrapper.end(), {"CNI_PATH=" + agent_dir(), "FAKE_AGENT=ok"});
  const Answer added = scene_.call(
      {.command = "ADD", .netns = pod.path(), .config = scene_.config(), .wrapper = wrapper});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(agent_calls().size(), 1U);
}

}  // namespace
}  // namespace catena::test
