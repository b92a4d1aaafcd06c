// catena-policy killed before every one of its system calls, and each of them failing, with no
// agent to ask: the pod is never more open than shut, and nothing is left.
#include <algorithm>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/policy_plugin/scene.h"
#include "tests/support/faults.h"
#include "tests/support/must.h"
#include "tests/support/prober.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kPod = "172.30.1.5";

std::string text_of(const SystemCall& at) {
  return at.name + " number " + std::to_string(at.occurrence);
}

class PolicyKilled : public testing::Test {
 protected:
  PolicyKilled() : result_(node_.make_link(pod_)) {}
  ~PolicyKilled() override {
    EXPECT_EQ(in_.arrived(), 0) << "a datagram from outside reached the pod";
    EXPECT_EQ(out_.arrived(), 0) << "a datagram of the pod reached the outside";
  }

  Answer call(const std::string& command, std::vector<std::string> wrapper = {}) const {
    return node_.call({.command = command,
                       .netns = pod_.path(),
                       .result = result_,
                       .wrapper = std::move(wrapper)});
  }
  bool gc() const { return node_.gc(json::array()).ok(); }

  // The calls that `command` makes; a share of them unless CATENA_FULL is set, another each run.
  std::vector<SystemCall> calls_of(const std::string& command) const {
    const std::string trace = node_.dir() + "/trace";
    // The first ADD of a node makes directories and chains; the later ones are traced.
    EXPECT_TRUE(call("ADD").ok());
    EXPECT_TRUE(command != "ADD" || call("DEL").ok());
    EXPECT_TRUE(call(command, tracer(trace)).ok());
    EXPECT_TRUE(call("DEL").ok());
    std::vector<SystemCall> calls = recorded_calls(trace);
    EXPECT_GT(calls.size(), 30U) << "the trace is not that of a whole " << command;
    if (std::getenv("CATENA_FULL") == nullptr) {
      std::size_t at = 0;
      const std::size_t rest =
          static_cast<std::size_t>(testing::UnitTest::GetInstance()->random_seed()) % kShare;
      std::erase_if(calls, [&at, rest](const SystemCall&) { return at++ % kShare != rest; });
    }
    return calls;
  }

  static constexpr std::size_t kShare = 3;
  const PolicyNode node_;
  const ScratchNetNs pod_;
  const Prober in_{
      {.from = node_.outside(), .to = pod_, .destination = must(base::IpAddress::parse(kPod))}};
  const Prober out_{{.from = pod_,
                     .to = node_.outside(),
                     .destination = must(base::IpAddress::parse("192.168.0.1"))}};
  const json result_;
};

TEST_F(PolicyKilled, AddAtAnyInstructionIsUndoneByDelOrGcAndCanBeTriedAgain) {
  for (const SystemCall& at : calls_of("ADD")) {
    call("ADD", killer(at));
    EXPECT_TRUE(call("DEL").ok()) << text_of(at);
    EXPECT_EQ(node_.left(), "") << text_of(at);
    call("ADD", killer(at));
    EXPECT_TRUE(call("ADD").ok()) << text_of(at);
    EXPECT_TRUE(call("CHECK").ok()) << text_of(at);
    EXPECT_TRUE(gc()) << text_of(at);
    EXPECT_EQ(node_.left(), "") << text_of(at);
  }
}

TEST_F(PolicyKilled, DelAtAnyInstructionIsFinishedByTheNextOneAndByGc) {
  for (const SystemCall& at : calls_of("DEL")) {
    for (const bool by_gc : {true, false}) {
      ASSERT_TRUE(call("ADD").ok()) << text_of(at);
      call("DEL", killer(at));
      EXPECT_TRUE(by_gc ? gc() : call("DEL").ok()) << text_of(at);
      EXPECT_EQ(node_.left(), "") << text_of(at);
    }
  }
}

TEST_F(PolicyKilled, AddWhoseAnySystemCallFailsUndoesEverythingOrSucceedsWhole) {
  for (const SystemCall& at : calls_of("ADD")) {
    for (const std::string& error : errors_of(at.name)) {
      const std::string where = text_of(at) + " " + error;
      const Answer added = call("ADD", saboteur(at, error));
      if (added.ok()) {
        EXPECT_TRUE(call("CHECK").ok()) << where;
      } else if (added.process.exit_status <= 128) {
        EXPECT_THAT(policies_in(node_.node()), Not(HasSubstr(kPod))) << where;
      }
      EXPECT_TRUE(call("DEL").ok()) << where;
      EXPECT_EQ(node_.left(), "") << where;
    }
  }
}

}  // namespace
}  // namespace catena::test
