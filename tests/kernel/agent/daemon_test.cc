// catena-agent run as a program: its socket, its pages, its signals, and what it does by itself.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ask/socket.h"
#include "common/base/file.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class Daemon : public testing::Test {
 protected:
  std::string state() const { return dir_.path() + "/state"; }
  std::string file(const std::string& name) const { return dir_.path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name)) << text;
  }
  ScratchNetNs netns_;
  TempDir dir_;
};

// A server that takes connections and never answers: a cloud that hangs.
class Silence {
 public:
  explicit Silence(const ScratchNetNs& netns) {
    netns.run([this] {
      fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      ::listen(fd_.get(), 64);
      sockaddr_in address{};
      socklen_t size = sizeof address;
      ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
      port_ = ntohs(address.sin_port);
    });
  }
  RunningAgent::Environment environment() const {
    return {{"ALIBABA_CLOUD_IMDS_ENDPOINT", "http://127.0.0.1:" + std::to_string(port_)}};
  }

 private:
  base::UniqueFd fd_;
  int port_ = 0;
};

TEST_F(Daemon, AnswersDutiesOverItsSocketAndSaysWhatIsWrong) {
  const RunningAgent agent(netns_, state());
  const json found = agent.ask({{"duty", "gc"}, {"args", {{"dryRun", true}}}});
  EXPECT_EQ(found["result"]["garbage"], json::array());
  EXPECT_EQ(agent.ask({{"duty", "gc"}})["result"]["dryRun"], false);
  const json unknown = agent.ask({{"duty", "fly"}});
  EXPECT_EQ(unknown["error"]["kind"], "bad-config");
  EXPECT_THAT(unknown["error"]["text"], HasSubstr("there is no duty 'fly', expected one of:"));
  const json wrong = agent.ask({{"duty", "gc"}, {"args", {{"dryrun", true}}}});
  EXPECT_THAT(wrong["error"]["advice"], HasSubstr("dryRun"));
  EXPECT_EQ(agent.ask({{"duty", "gc"}, {"args", 1}})["error"]["kind"], "bad-config");
  EXPECT_EQ(agent.ask(json::array())["error"]["kind"], "bad-config");
}

TEST_F(Daemon, FailuresOfTheCloudKeepTheirKindOnTheWay) {
  const RunningAgent agent(netns_, state());
  const json failed = agent.ask({{"duty", "describe"}, {"deadlineMs", 20'000}});
  EXPECT_EQ(failed["error"]["kind"], "try-again");
  EXPECT_THAT(failed["error"]["text"], HasSubstr("100.100.100.200"));
  EXPECT_THAT(failed["error"]["advice"], HasSubstr("metadata service"));
}

TEST_F(Daemon, AnswersTwoHundredAndFiftyWhoAskAtOnce) {
  const RunningAgent agent(netns_, state(), {"--pool", "off"});
  std::atomic<int> answered{0};
  std::vector<std::thread> askers;
  for (int i = 0; i < 250; ++i) {
    askers.emplace_back([&] {
      const json answer = agent.ask({{"duty", "gc"}, {"args", {{"dryRun", true}}}});
      answered += answer.is_object() && answer.contains("result") ? 1 : 0;
    });
  }
  for (std::thread& asker : askers) {
    asker.join();
  }
  EXPECT_EQ(answered, 250);
}

TEST_F(Daemon, ARequestWithoutAnEndIsRefusedAndKeepsNobodyBusy) {
  const RunningAgent agent(netns_, state(), {"--pool", "off"});
  const auto answer =
      ask::exchange(agent.socket(), std::string(100'000, 'x'), base::Deadline(seconds(20)));
  if (answer.ok() && answer->has_value()) {  // else it was closed before all was sent
    EXPECT_THAT(**answer, HasSubstr("longer than"));
  }
  std::this_thread::sleep_for(seconds(1));
  const double before = agent.metric("process_cpu_seconds_total");
  std::this_thread::sleep_for(seconds(1));
  EXPECT_LT(agent.metric("process_cpu_seconds_total") - before, 0.1);
}

TEST_F(Daemon, NobodyButRootMayAsk) {
  const RunningAgent agent(netns_, state());
  struct stat info {};
  ASSERT_EQ(::stat(agent.socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  ::chmod(agent.socket().c_str(), 0666);  // even then
  for (std::size_t at = agent.socket().find('/', 1); at != std::string::npos;
       at = agent.socket().find('/', at + 1)) {
    struct stat place {};
    const std::string path = agent.socket().substr(0, at);
    ASSERT_EQ(::stat(path.c_str(), &place), 0);
    ::chmod(path.c_str(), (place.st_mode & 07777U) | 0011U);  // anybody may pass
  }
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) {
      ::_exit(9);
    }
    const json answer = agent.ask({{"duty", "gc"}});
    ::_exit(answer.is_object() && answer.contains("result") ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(eventually([&] {
    return agent.log().find("refused a peer that is not root") != std::string::npos;
  })) << agent.log();
}

TEST_F(Daemon, EndsWithinASecondThoughADutyHangsAndTakesItsSocketAway) {
  const Silence cloud(netns_);
  RunningAgent agent(netns_, state(), {}, cloud.environment());
  json answer = 1;
  std::thread asker([&] { answer = agent.ask({{"duty", "describe"}}); });
  std::this_thread::sleep_for(milliseconds(300));
  const std::string socket = agent.socket();
  const auto [status, time] = agent.stop();
  asker.join();
  EXPECT_EQ(status, 0);
  EXPECT_LT(time, seconds(1));
  EXPECT_TRUE(answer.is_null()) << "who asked makes a one-shot call: " << answer;
  EXPECT_NE(::access(socket.c_str(), F_OK), 0);
}

TEST_F(Daemon, TwoWhoAskTheSameShareOneRunAndEachHasItsDeadline) {
  const Silence cloud(netns_);
  const RunningAgent agent(netns_, state(), {"--pool", "off"}, cloud.environment());
  std::vector<std::thread> askers;
  for (int i = 0; i < 5; ++i) {
    askers.emplace_back([&] {
      const json answer = agent.ask({{"duty", "describe"}, {"deadlineMs", 1'000}});
      EXPECT_EQ(answer["error"]["kind"], "try-again") << answer;
    });
  }
  for (std::thread& asker : askers) {
    asker.join();
  }
  const std::string runs = R"(catena_agent_duty_runs_total{duty="describe",result="failed"})";
  EXPECT_TRUE(eventually([&] { return agent.metric(runs) == 1; }, seconds(60)));
}

TEST_F(Daemon, ASecondAgentDoesNotStart) {
  const RunningAgent agent(netns_, state());
  const Outcome second =
      run_process({bin_dir() + "/catena-agent", "run", "--state-dir", state(), "--listen", "none"},
                  {.environment = {{{"CATENA_SOCKET", agent.socket()}}}, .netns_fd = netns_.fd()});
  EXPECT_EQ(second.exit_status, 1);
  EXPECT_THAT(second.err, HasSubstr("only one agent can serve"));
  EXPECT_TRUE(agent.ask({{"duty", "gc"}}).contains("result")) << "the first one goes on";
}

TEST_F(Daemon, ASocketLeftByAKilledAgentIsNoHindrance) {
  const std::string socket = file("left/agent.sock");
  for (int i = 0; i < 2; ++i) {
    const RunningAgent agent(netns_, state(), {}, {{"CATENA_SOCKET", socket}});
    EXPECT_EQ(::access(socket.c_str(), F_OK), 0) << i;
  }
}

TEST_F(Daemon, ShowsMetricsAndHealth) {
  const RunningAgent agent(netns_, state());
  EXPECT_THAT(agent.get("/healthz"), testing::StartsWith("HTTP/1.1 200 OK"));
  EXPECT_THAT(agent.get("/nothing"), testing::StartsWith("HTTP/1.1 404"));
  agent.ask({{"duty", "gc"}});
  EXPECT_GE(agent.metric(R"(catena_agent_duty_runs_total{duty="gc",result="done"})"), 1);
  EXPECT_EQ(agent.metric("catena_store_readable"), 1);
}

TEST_F(Daemon, WritesTheConflistOnlyWhenTheNodeCanServeAndNeverRemovesIt) {
  const std::string conflist = R"({"cniVersion":"1.1.0","name":"net","plugins":[
      {"type":"catena-vpc-route","podCIDRs":["172.30.1.0/24"],"stateDir":")" +
                               state() + R"("}]})";
  write("from", conflist);
  ASSERT_EQ(::mkdir(file("bin").c_str(), 0755), 0);
  RunningAgent agent(netns_, state(),
                     {"--conflist", file("from") + ":" + file("10-catena.conflist"), "--cni-bin",
                      file("bin"), "--pool", "off"});
  EXPECT_TRUE(eventually([&] {
    return agent.log().find("plugin catena-vpc-route is in none of") != std::string::npos;
  }));
  EXPECT_NE(::access(file("10-catena.conflist").c_str(), F_OK), 0);
  ASSERT_EQ(
      ::symlink((bin_dir() + "/catena-vpc-route").c_str(), file("bin/catena-vpc-route").c_str()),
      0);
  EXPECT_TRUE(eventually([&] { return agent.metric("catena_agent_conflist_written") == 1; }))
      << agent.log();
  EXPECT_EQ(base::read_file(file("10-catena.conflist"), 4096).value(), conflist);
  struct stat info {};
  ASSERT_EQ(::stat(file("10-catena.conflist").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
  EXPECT_EQ(agent.stop().first, 0);
  EXPECT_EQ(::access(file("10-catena.conflist").c_str(), F_OK), 0);
}

TEST_F(Daemon, SaysInTheLogWhyTheNodeCannotServe) {
  write("from", R"({"cniVersion":"1.1.0","name":"net","plugins":[
      {"type":"catena-vpc-route","podCIDRs":["172.30.1.0/24"],"colour":"red"}]})");
  const RunningAgent agent(
      netns_, state(),
      {"--conflist", file("from") + ":" + file("to"), "--cni-bin", bin_dir(), "--pool", "off"});
  EXPECT_TRUE(eventually([&] { return agent.log().find("colour") != std::string::npos; }))
      << agent.log();
  EXPECT_NE(::access(file("to").c_str(), F_OK), 0);
}

json pod(const std::string& name, const std::string& node, const json& more = json::object()) {
  json object{{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata", {{"name", name}, {"namespace", "default"}}},
              {"spec", {{"nodeName", node}}},
              {"status", {{"phase", "Pending"}}}};
  object.merge_patch(more);
  return object;
}

TEST_F(Daemon, CountsPodsOfThisNodeThatWaitForAnAddress) {
  std::unique_ptr<ApiServer> api;
  netns_.run([&] { api = std::make_unique<ApiServer>(); });
  write("kubeconfig",
        json{{"clusters", {{{"name", "c"}, {"cluster", {{"server", api->url()}}}}}},
             {"users", {{{"name", "u"}, {"user", {{"token", "t"}}}}}},
             {"contexts", {{{"name", "x"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}}},
             {"current-context", "x"}}
            .dump());
  api->objects().put(pod("waits", "node-1"));
  api->objects().put(pod("elsewhere", "node-2"));
  api->objects().put(pod("on-host", "node-1", {{"spec", {{"hostNetwork", true}}}}));
  const RunningAgent agent(netns_, state(), {"--api", file("kubeconfig"), "--node-name", "node-1"});
  EXPECT_TRUE(eventually([&] { return agent.metric("catena_agent_pods_pending") == 1; }))
      << agent.log();
  EXPECT_EQ(agent.metric("catena_agent_api_synced"), 1);
  api->objects().put(
      pod("waits", "node-1", {{"status", {{"phase", "Running"}, {"podIP", "10.0.0.5"}}}}));
  EXPECT_TRUE(eventually([&] { return agent.metric("catena_agent_pods_pending") == 0; }));
}

// A thousandth of a core, and 15 MiB; with the pool off nothing fails and is tried again.
TEST_F(Daemon, IsSmallAndQuietWhenIdle) {
  const RunningAgent agent(netns_, state(), {"--pool", "off"});
  std::this_thread::sleep_for(seconds(8));
  const double resident = agent.metric("process_resident_memory_bytes");
  const double before = agent.metric("process_cpu_seconds_total");
  std::this_thread::sleep_for(seconds(20));
  const double spent = agent.metric("process_cpu_seconds_total") - before;
  RecordProperty("resident_kib", static_cast<int>(resident / 1024));
  RecordProperty("cpu_us", static_cast<int>(spent * 1e6));
  std::printf("resident %.1f MiB, CPU %.2f ms in 20 s\n", resident / 1048576, spent * 1e3);
  EXPECT_LE(resident, 15.0 * 1048576);
  EXPECT_LE(spent, 20 * 0.001);
}

class DaemonOnEnis : public testing::Test {
 protected:
  DaemonOnEnis() {
    scene_.put_addresses("eni-2", {"21", "22"});
    std::ofstream(conflist()) << json{
        {"cniVersion", "1.1.0"},
        {"name", "testnet"},
        {"plugins",
         {scene_.config()}}}.dump();
  }
  std::string conflist() const { return scene_.dir() + "/conflist"; }
  std::vector<std::string> options() const {
    return {"--conflist", conflist() + ":" + scene_.dir() + "/to", "--pool", "off"};
  }
  EniNode scene_;
  ScratchNetNs pod_;
};

TEST_F(DaemonOnEnis, SetsEnisUpBeforeTheFirstPodComes) {
  const RunningAgent agent(scene_.node(), scene_.state_dir(), options());
  EXPECT_TRUE(eventually([&] {
    return scene_.node().sh("ip rule show prio 512").find("20200") != std::string::npos;
  })) << agent.log();
  EXPECT_TRUE(eventually([&] {
    return scene_.node().sh("ip route show table all").find("table 20202") != std::string::npos;
  })) << agent.log();
}

TEST_F(DaemonOnEnis, BringsBackWhatSomebodyRemovedWithinMillisecondsAndSaysWhatItWas) {
  scene_.add(pod_, "pod-a");
  const RunningAgent agent(scene_.node(), scene_.state_dir(), options());
  std::this_thread::sleep_for(seconds(1));  // its first comparison
  for (const char* damage :
       {"ip rule del prio 512", "ip route flush table 20202", "ip route flush table 20200",
        "nft flush chain inet catena $(nft list table inet catena | grep -oE 'slot-[0-9]+' | "
        "head -1)"}) {
    const std::string before =
        scene_.node().sh("ip rule; ip route show table all | grep 2020 | sort");
    scene_.node().sh(damage);
    EXPECT_TRUE(eventually(
        [&] {
          return scene_.node().sh("ip rule; ip route show table all | grep 2020 | sort") == before;
        },
        seconds(5)))
        << damage << agent.log();
  }
  EXPECT_THAT(agent.log(), HasSubstr("repair: "));
  EXPECT_THAT(agent.log(), HasSubstr("512"));
  EXPECT_GE(agent.metric("catena_agent_repairs_total"), 3);
  EXPECT_EQ(agent.metric("catena_agent_repair_failures_total"), 0) << agent.log();
}

// Seconds of the day at which `ip -ts monitor` saw a line with `what`; -1 where it saw none.
double seen_at(const std::string& text, const std::string& what) {
  const std::size_t at = text.find(what);
  const std::size_t time = at == std::string::npos ? at : text.rfind('T', at);
  double hour = 0;
  double minute = 0;
  double second = 0;
  return time != std::string::npos &&
                 std::sscanf(text.c_str() + time, "T%lf:%lf:%lf]", &hour, &minute, &second) == 3
             ? hour * 3600 + minute * 60 + second
             : -1;
}

TEST_F(DaemonOnEnis, ARuleIsBackWithinMilliseconds) {
  const RunningAgent agent(scene_.node(), scene_.state_dir(), options());
  ASSERT_TRUE(eventually([&] {
    return scene_.node().sh("ip rule show prio 512").find("20200") != std::string::npos;
  }));
  std::this_thread::sleep_for(seconds(1));
  const std::string seen = scene_.node().sh(
      "exec 2>/dev/null; ip -ts monitor rule & sleep 0.3; ip rule del prio 512; sleep 1; kill $!");
  const double lost = seen_at(seen, "] Deleted 512:");
  const double back = seen_at(seen, "] 512:");
  ASSERT_GE(lost, 0) << seen;
  ASSERT_GE(back, 0) << seen;
  std::printf("back after %.2f ms\n", (back - lost) * 1e3);
  EXPECT_LT(back - lost, 0.1);
}

}  // namespace
}  // namespace catena::test
