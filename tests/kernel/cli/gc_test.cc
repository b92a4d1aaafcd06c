// catena gc asks the agent and prints what it says.
#include <array>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/kernel/cli/catena_call.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Answers one request with a line, and keeps what was asked.
class OneAnswer {
 public:
  OneAnswer(const std::string& path, std::string answer)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, line = std::move(answer) + "\n"] { serve(line); });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  OneAnswer(OneAnswer&&) = delete;
  OneAnswer& operator=(OneAnswer&&) = delete;
  ~OneAnswer() { asked(); }

  std::string asked() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) {
      thread_.join();
    }
    return asked_;
  }

 private:
  void serve(const std::string& line) {
    const base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> buffer{};
    while (peer.valid() && asked_.find('\n') == std::string::npos) {
      const ssize_t got = ::read(peer.get(), buffer.data(), buffer.size());
      if (got <= 0) {
        return;
      }
      asked_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    EXPECT_TRUE(!peer.valid() || ::write(peer.get(), line.data(), line.size()) > 0);
  }

  base::UniqueFd listener_;
  std::string asked_;
  std::thread thread_;
};

struct Asked {
  Outcome outcome;
  std::string request;
};

Asked gc_with(const std::vector<std::string>& words, const json& answer) {
  const TempDir dir;
  const ScratchNetNs node;
  const std::string socket = dir.path() + "/agent.sock";
  OneAnswer agent(socket, answer.dump());
  Asked asked;
  asked.outcome = catena_on(node, {words, dir.path(), {{"CATENA_SOCKET", socket}}});
  asked.request = agent.asked();
  return asked;
}

TEST(Gc, NamesWhatTheAgentRemoved) {
  const json link{{"kind", "link"}, {"what", "ctnabc"}, {"why", "its pod is gone"}};
  const Asked asked = gc_with(
      {"gc"}, {{"result", {{"dryRun", false}, {"garbage", {link}}, {"doubtful", json::array()}}}});
  EXPECT_EQ(asked.outcome.exit_status, 0) << asked.outcome.err;
  EXPECT_EQ(asked.outcome.out,
            "doubtful: nothing\ndryRun: false\ngarbage: link ctnabc: its pod is gone\n");
  const json request = json::parse(asked.request);
  EXPECT_EQ(request["duty"], "gc");
  EXPECT_EQ(request["args"], json({{"dryRun", false}}));
}

TEST(Gc, ADryRunIsAskedForAndPrintedAsJson) {
  const json result{{"dryRun", true}, {"links", {"ctnabc"}}};
  const Asked asked = gc_with({"gc", "--dry-run", "--json"}, {{"result", result}});
  EXPECT_EQ(json::parse(asked.outcome.out), result);
  EXPECT_EQ(json::parse(asked.request)["args"], json({{"dryRun", true}}));
}

TEST(Gc, WhereNoAgentAnswersTheOneShotDoesItAndSparesTheLiving) {
  const TestNode node("catena-vpc-route");
  const ScratchNetNs pod;
  const std::string address = address_of(node.add(pod, "pod-a"));
  const json result = catena_json(node.node, {{"gc"}, node.state_dir(), {}});
  EXPECT_EQ(result["dryRun"], false);
  EXPECT_EQ(result["garbage"], json::array());
  EXPECT_TRUE(can_ping(node.node, address));
}

TEST(Gc, WhatTheAgentRefusesIsSaidWithItsAdvice) {
  const Asked asked = gc_with({"gc"}, {{"error",
                                        {{"kind", "try-again"},
                                         {"text", "the store is locked by pid 7"},
                                         {"advice", "wait for it"}}}});
  EXPECT_EQ(asked.outcome.exit_status, 1);
  EXPECT_EQ(asked.outcome.out, "");
  EXPECT_THAT(asked.outcome.err, HasSubstr("the store is locked by pid 7"));
  EXPECT_THAT(asked.outcome.err, HasSubstr("wait for it"));
}

}  // namespace
}  // namespace catena::test
