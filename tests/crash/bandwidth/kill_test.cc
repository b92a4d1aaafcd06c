// catena-bandwidth killed before every one of its system calls, and each of them failing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/bandwidth/scene.h"
#include "tests/support/faults.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class Killed : public testing::Test {
 protected:
  // With an ifb: what dies with no link.
  const json keys = {{"ingressRate", 8'000'000}, {"egressRate", 4'000'000}, {"egressFrom", "host"}};
  const BandwidthNode node;
  const BandwidthPod pod{node, 1};

  Answer call(const std::string& command, std::vector<std::string> wrapper = {}) const {
    PluginCall call{.command = command,
                    .netns = pod.ns.path(),
                    .config = node.config(keys),
                    .wrapper = std::move(wrapper)};
    if (command == "GC") {
      call.container_id = call.if_name = call.netns = "";
      call.config["cni.dev/valid-attachments"] = json::array();
    } else {
      call.config["prevResult"] = pod.result();
    }
    return static_cast<const TestNode&>(node).call(call);
  }

  // The calls that `command` makes on a pod without limits (ADD) or with them (DEL, GC).
  std::vector<SystemCall> calls_of(const std::string& command) const {
    const std::string trace = node.dir() + "/trace";
    // The first ADD of a node makes the records' directory; the later ones are traced.
    EXPECT_TRUE(call("ADD").ok());
    EXPECT_TRUE(command != "ADD" || call("DEL").ok());
    EXPECT_TRUE(call(command, tracer(trace)).ok());
    EXPECT_TRUE(call("DEL").ok());
    const std::vector<SystemCall> calls = recorded_calls(trace);
    EXPECT_GT(calls.size(), 50U) << "the trace is not that of a whole " << command;
    return calls;
  }
};

TEST_F(Killed, AddAtAnyInstructionIsUndoneByDelOrGcAndCanBeTriedAgain) {
  for (const SystemCall& at : calls_of("ADD")) {
    const std::string where = at.name + " number " + std::to_string(at.occurrence);
    call("ADD", killer(at));
    EXPECT_TRUE(call("DEL").ok()) << where;
    EXPECT_EQ(node.left_in(pod), "") << where;
    call("ADD", killer(at));
    EXPECT_TRUE(call("ADD").ok()) << where;
    EXPECT_TRUE(node.call("CHECK", pod, keys).ok()) << where;
    EXPECT_TRUE(call("GC").ok()) << where;
    EXPECT_EQ(node.left_in(pod), "") << where;
  }
}

TEST_F(Killed, DelAtAnyInstructionIsFinishedByTheNextOneAndByGc) {
  for (const SystemCall& at : calls_of("DEL")) {
    const std::string where = at.name + " number " + std::to_string(at.occurrence);
    ASSERT_TRUE(call("ADD").ok());
    call("DEL", killer(at));
    EXPECT_TRUE(call("GC").ok()) << where;
    EXPECT_THAT(node.left(), Not(HasSubstr("ctb"))) << where;
    EXPECT_TRUE(call("DEL").ok()) << where;
    EXPECT_EQ(node.left_in(pod), "") << where;
  }
}

TEST_F(Killed, AddWhoseAnySystemCallFailsUndoesEverythingOrSucceedsWhole) {
  for (const SystemCall& at : calls_of("ADD")) {
    for (const std::string& error : errors_of(at.name)) {
      const std::string where = at.name + " number " + std::to_string(at.occurrence) + " " + error;
      const Answer added = call("ADD", saboteur(at, error));
      if (added.ok()) {
        EXPECT_TRUE(node.call("CHECK", pod, keys).ok()) << where;
      } else if (added.process.exit_status <= 128) {
        EXPECT_THAT(root_of(node.node, "host1"), Not(HasSubstr("tbf"))) << where;
      }
      EXPECT_TRUE(call("DEL").ok()) << where;
      EXPECT_EQ(node.left_in(pod), "") << where;
    }
  }
}

}  // namespace
}  // namespace catena::test
