// catena-multiip killed before every one of its system calls, and each of them failing.
//   CATENA_FULL=1  at all of them, instead of every fourth
//   CATENA_SEED=n  which of the four
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/faults.h"

namespace catena::test {
namespace {

using nlohmann::json;

std::vector<SystemCall> share_of(const std::vector<SystemCall>& calls) {
  if (std::getenv("CATENA_FULL") != nullptr) {
    return calls;
  }
  const char* const given = std::getenv("CATENA_SEED");
  const std::size_t seed =
      given != nullptr ? std::strtoul(given, nullptr, 10) : std::random_device()();
  std::printf("CATENA_SEED=%zu, every fourth of %zu calls\n", seed, calls.size());
  std::vector<SystemCall> share;
  for (std::size_t i = seed % 4; i < calls.size(); i += 4) {
    share.push_back(calls[i]);
  }
  return share;
}

class MultiipKilled : public testing::Test {
 protected:
  MultiipKilled() {
    scene_.put_addresses("eni-1", {"21", "22", "23"});
    scene_.put_addresses("eni-2", {"21"});
  }

  PluginCall call(const std::string& command, const ScratchNetNs& pod,
                  std::vector<std::string> wrapper = {}) const {
    return {.command = command,
            .container_id = "pod-a",
            .netns = pod.path(),
            .config = scene_.config(keys_),
            .wrapper = std::move(wrapper)};
  }
  Answer collect_everything(std::vector<std::string> wrapper = {}) const {
    PluginCall gc{.command = "GC",
                  .container_id = "",
                  .if_name = "",
                  .config = scene_.config(keys_),
                  .wrapper = std::move(wrapper)};
    gc.config["cni.dev/valid-attachments"] = json::array();
    return scene_.call(gc);
  }

  // The calls that `command` makes on a pod that is not there yet (ADD) or is (DEL, GC).
  std::vector<SystemCall> calls_of(const std::string& command) const {
    const ScratchNetNs pod;
    const std::string trace = scene_.dir() + "/trace";
    // The first ADD of a node makes the firewall's table and sets the ENI up; later ones are
    // traced.
    EXPECT_TRUE(scene_.call(call("ADD", pod)).ok());
    EXPECT_TRUE(scene_.call(call("DEL", pod)).ok());
    if (command != "ADD") {
      EXPECT_TRUE(scene_.call(call("ADD", pod)).ok());
    }
    const Answer answer = command == "GC" ? collect_everything(tracer(trace))
                                          : scene_.call(call(command, pod, tracer(trace)));
    EXPECT_TRUE(answer.ok()) << answer.process.out << answer.process.err;
    EXPECT_TRUE(scene_.call(call("DEL", pod)).ok());
    const std::vector<SystemCall> calls = recorded_calls(trace);
    EXPECT_GT(calls.size(), 50U) << "the trace is not that of a whole " << command;
    return share_of(calls);
  }

  void expect_nothing_left(const SystemCall& at, const std::string& after) const {
    EXPECT_EQ(scene_.leftovers(), "") << after << " at " << at.name << " " << at.occurrence;
    EXPECT_EQ(scene_.held(), "") << after << " at " << at.name << " " << at.occurrence;
  }

  const EniNode scene_;
  const json keys_ = {{"ipFamilies", {"ipv4", "ipv6"}}, {"masquerade", true}, {"coolSeconds", 0}};
};

TEST_F(MultiipKilled, AddAtAnyInstructionIsUndoneByDel) {
  for (const SystemCall& at : calls_of("ADD")) {
    const ScratchNetNs pod;
    scene_.call(call("ADD", pod, killer(at)));
    const Answer deleted = scene_.call(call("DEL", pod));
    EXPECT_TRUE(deleted.ok()) << at.name << at.occurrence << deleted.process.out;
    expect_nothing_left(at, "ADD killed, then DEL,");
    EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
  }
}

TEST_F(MultiipKilled, AddAtAnyInstructionIsUndoneByGc) {
  for (const SystemCall& at : calls_of("ADD")) {
    const ScratchNetNs pod;
    scene_.call(call("ADD", pod, killer(at)));
    const Answer collected = collect_everything();
    EXPECT_TRUE(collected.ok()) << at.name << at.occurrence << collected.process.out;
    expect_nothing_left(at, "ADD killed, then GC,");
  }
}

TEST_F(MultiipKilled, AddAtAnyInstructionCanBeTriedAgain) {
  for (const SystemCall& at : calls_of("ADD")) {
    const ScratchNetNs pod;
    scene_.call(call("ADD", pod, killer(at)));
    const Answer again = scene_.call(call("ADD", pod));
    // The link is brought up last: an ADD killed after that was whole, and the spec wants the
    // second one refused.
    const bool was_whole = pod.sh_ok("ip link show eth0") && !again.ok();
    if (!was_whole) {
      EXPECT_TRUE(again.ok()) << at.name << at.occurrence << again.process.out;
      EXPECT_TRUE(again.ok() && can_ping(scene_.vpc.b(), address_of(again)));
    }
    EXPECT_TRUE(scene_.call(call("DEL", pod)).ok());
    expect_nothing_left(at, "ADD killed, ADD again, then DEL,");
  }
}

TEST_F(MultiipKilled, TheFirstAddOfANodeAtAnyInstructionCanBeTriedAgain) {
  const ScratchNetNs pod;
  const std::string trace = scene_.dir() + "/trace";
  // What a boot takes away.
  const std::string forget =
      "nft delete table inet catena 2>/dev/null; ip rule del prio 512; ip -6 rule del prio 512; "
      "ip rule del prio 601; ip -6 rule del prio 601; ip route flush table 20201; "
      "ip -6 route flush table 20201; ip link set eth1 down; ip addr flush dev eth1; "
      "ip link set eth1 group 0; true";
  ASSERT_TRUE(scene_.call(call("ADD", pod, tracer(trace))).ok());
  ASSERT_TRUE(scene_.call(call("DEL", pod)).ok());
  for (const SystemCall& at : share_of(recorded_calls(trace))) {
    (void)scene_.node().sh_ok(forget);
    scene_.call(call("ADD", pod, killer(at)));
    scene_.call(call("DEL", pod));
    const Answer again = scene_.call(call("ADD", pod));
    EXPECT_TRUE(again.ok()) << at.name << at.occurrence << again.process.out;
    EXPECT_TRUE(again.ok() && can_ping(scene_.vpc.b(), address_of(again)))
        << at.name << at.occurrence;
    EXPECT_TRUE(scene_.call(call("DEL", pod)).ok());
    expect_nothing_left(at, "first ADD killed, DEL, ADD again, then DEL,");
  }
}

TEST_F(MultiipKilled, DelAtAnyInstructionIsFinishedByTheNextOne) {
  for (const SystemCall& at : calls_of("DEL")) {
    const ScratchNetNs pod;
    ASSERT_TRUE(scene_.call(call("ADD", pod)).ok());
    scene_.call(call("DEL", pod, killer(at)));
    const Answer again = scene_.call(call("DEL", pod));
    EXPECT_TRUE(again.ok()) << at.name << at.occurrence << again.process.out;
    expect_nothing_left(at, "DEL killed, then DEL,");
  }
}

TEST_F(MultiipKilled, GcAtAnyInstructionIsFinishedByTheNextOne) {
  for (const SystemCall& at : calls_of("GC")) {
    const ScratchNetNs pod;
    ASSERT_TRUE(scene_.call(call("ADD", pod)).ok());
    collect_everything(killer(at));
    EXPECT_TRUE(collect_everything().ok());
    expect_nothing_left(at, "GC killed, then GC,");
  }
}

TEST_F(MultiipKilled, AWaiterAtAnyInstructionHoldsNobodyUp) {
  const ScratchNetNs pod;
  const std::string trace = scene_.dir() + "/trace";
  ipam::Store store = scene_.store();
  ipam::CloudChange empty;
  for (const ipam::Record& record : store.list().value()) {
    empty.drop_addresses.push_back(record.address);
  }
  must(store.change(empty));
  EXPECT_EQ(scene_.call(call("ADD", pod, tracer(trace))).code(), 11);
  for (const SystemCall& at : share_of(recorded_calls(trace))) {
    std::filesystem::remove(scene_.state_dir() + "/grow.failure");
    scene_.call(call("ADD", pod, killer(at)));
    const Answer next = scene_.call(call("ADD", pod));
    EXPECT_EQ(next.code(), 11) << at.name << at.occurrence << next.process.out;
    EXPECT_THAT(next.message(), testing::HasSubstr("catena-agent is in none of"));
    EXPECT_TRUE(std::filesystem::is_empty(scene_.state_dir() + "/waiting"))
        << at.name << at.occurrence;
    expect_nothing_left(at, "waiting ADD killed, then another one,");
  }
}

TEST_F(MultiipKilled, AddWhoseAnySystemCallFailsUndoesEverythingOrSucceedsWhole) {
  int failed = 0;
  for (const SystemCall& at : calls_of("ADD")) {
    for (const std::string& error : errors_of(at.name)) {
      const ScratchNetNs pod;
      const Answer added = scene_.call(call("ADD", pod, saboteur(at, error)));
      const std::string where = at.name + " number " + std::to_string(at.occurrence) + " " + error;
      if (added.ok()) {
        EXPECT_TRUE(can_ping(scene_.vpc.b(), address_of(added))) << where;
        EXPECT_TRUE(scene_.call(call("DEL", pod)).ok()) << where;
      } else if (added.process.exit_status > 128) {
        // It could not return to its own namespace and died on the spot, as it must, or libc had no
        // memory to start it with; the runtime calls DEL.
        EXPECT_THAT(at.name, testing::AnyOf("setns", "mmap")) << where;
        EXPECT_TRUE(scene_.call(call("DEL", pod)).ok()) << where;
      } else {
        ++failed;
        EXPECT_FALSE(pod.sh_ok("ip link show eth0")) << where;
      }
      expect_nothing_left(at, "ADD with " + error);
      ASSERT_FALSE(HasFailure()) << added.process.out << added.process.err << scene_.log();
    }
  }
  EXPECT_GT(failed, 5) << "the faults did not reach the plugin";
}

}  // namespace
}  // namespace catena::test
