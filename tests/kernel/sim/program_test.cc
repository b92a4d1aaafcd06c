// catena-sim as a user runs it.
#include "tests/kernel/sim/program.h"

#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/kernel/sim/vpc.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sim/signed_call.h"

namespace catena::test {
namespace {

using nlohmann::json;

using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kFirst = "i-bp1catena00000node0001";

// A curl command of a signed call to the OpenAPI at `endpoint`.
std::string curl_of(const std::string& endpoint, const std::string& action,
                    Parameters parameters = {}) {
  std::array<char, 32> now{};
  const std::time_t time = std::time(nullptr);
  std::tm utc{};
  std::strftime(now.data(), now.size(), "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&time, &utc));
  static int serial = 0;
  sim::SignedCall call;
  call.method = "GET";
  call.action = action;
  call.timestamp = now.data();
  call.nonce = std::to_string(::getpid()) + "-" + std::to_string(++serial);
  parameters.emplace_back("RegionId", "cn-hangzhou");
  call.parameters = std::move(parameters);
  const std::string url = sim::rpc_request(call).url;
  return "curl -sS -m 20 'http://" + endpoint + "/" + url.substr(url.find('?')) + "'";
}

Outcome shell(const std::string& command) { return run_process({"/bin/sh", "-c", command}); }

// With nodes 1 and 2, without waits, and namespaces of names of its own.
class CatenaSim : public testing::Test {
 protected:
  CatenaSim() {
    std::ofstream(dir_.path() + "/scene.json") << R"({"nodes": 2, "instant": true, "seed": 7})";
  }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all{
        "--scene", dir_.path() + "/scene.json", "--state", state(), "--prefix", netns_name("sim")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string state() const { return dir_.path() + "/state"; }
  static std::string netns(const std::string& what) {
    return "/run/netns/" + netns_name("sim") + "-" + what;
  }
  static bool exists(const std::string& what) { return std::filesystem::exists(netns(what)); }
  Outcome ctl(std::vector<std::string> words) const {
    words.insert(words.begin(), {"ctl", "--state", state()});
    return catena_sim(words);
  }
  static json parsed(const std::string& text) {
    json answer = json::parse(text, nullptr, false);
    EXPECT_FALSE(answer.is_discarded()) << text;
    return answer;
  }

 private:
  TempDir dir_;
};

TEST_F(CatenaSim, ServesMetadataAndOpenApiInsideItsNodesAndOutside) {
  const Program program(arguments());
  const ScratchNetNs node(netns("node-2"));
  EXPECT_EQ(node.sh("curl -sS -m 5 http://100.100.100.200/latest/meta-data/instance-id"),
            "i-bp1catena00000node0002");
  EXPECT_FALSE(node.sh("curl -sS -m 5 -X PUT -H 'X-aliyun-ecs-metadata-token-ttl-seconds: 60' "
                       "http://100.100.100.200/latest/api/token")
                   .empty());
  const json inside = parsed(node.sh(curl_of("100.100.0.1", "DescribeInstances")));
  EXPECT_EQ(inside.value("TotalCount", 0), 2) << inside.dump();
  const json outside = parsed(shell(curl_of(program.endpoint(), "DescribeInstances")).out);
  EXPECT_EQ(outside.value("TotalCount", 0), 2) << outside.dump();
  EXPECT_NE(program.greeting().find("seed      7\n"), std::string::npos) << program.greeting();
  EXPECT_NE(program.greeting().find("ECS_ENDPOINT=" + program.endpoint()), std::string::npos);
  EXPECT_EQ(shell("curl -sS -m 5 http://" + program.endpoint() + "/metadata/" + kFirst +
                  "/latest/meta-data/region-id")
                .out,
            "cn-hangzhou");
}

TEST_F(CatenaSim, AnAttachedEniIsALinkInTheNode) {
  const Program program(arguments());
  const ScratchNetNs node(netns("node-1"));
  const json made = parsed(shell(curl_of(program.endpoint(), "CreateNetworkInterface",
                                         {{"VSwitchId", "vsw-bp1catena000000zoneh"},
                                          {"SecurityGroupId", "sg-bp1catena0000000group1"}}))
                               .out);
  ASSERT_TRUE(made.contains("MacAddress")) << made.dump();
  const std::string mac = made["MacAddress"];
  EXPECT_FALSE(node.sh_ok("ip -o link show | grep " + mac));
  shell(curl_of(program.endpoint(), "AttachNetworkInterface",
                {{"NetworkInterfaceId", made["NetworkInterfaceId"]}, {"InstanceId", kFirst}}));
  EXPECT_TRUE(
      soon([&] { return node.sh_ok("ip -o link show | grep " + mac); }, std::chrono::seconds(5)));
  EXPECT_EQ(node.sh("curl -sS -m 5 http://100.100.100.200/latest/meta-data/network/interfaces/"
                    "macs/" +
                    mac + "/network-interface-id"),
            made["NetworkInterfaceId"]);
}

TEST_F(CatenaSim, TakesFaultsByCtl) {
  const Program program(arguments());
  ASSERT_EQ(ctl({"fault", "action=DescribeVSwitches", "what=lost", "count=1"}).exit_status, 0);
  ASSERT_EQ(ctl({"fault", "action=DescribeInstances", "what=half", "count=1"}).exit_status, 0);
  EXPECT_EQ(parsed(ctl({"--json", "faults"}).out)["faults"].size(), 2);
  const std::string half = curl_of(program.endpoint(), "DescribeInstances");
  EXPECT_EQ(shell(half).exit_status, 18);  // curl: CURLE_PARTIAL_FILE
  const std::string next = curl_of(program.endpoint(), "DescribeInstances");
  EXPECT_EQ(shell(next).exit_status, 0);
  const Outcome unknown = ctl({"no_such_order"});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_NE(unknown.err.find("no_such_order"), std::string::npos) << unknown.err;
}

TEST_F(CatenaSim, TellsWhatTheVpcDropped) {
  const Program program(arguments());
  const ScratchNetNs node(netns("node-1"));
  node.sh("ip addr add 10.9.9.9/32 dev lo");
  node.sh_ok("ping -n -c 1 -W 1 -I 10.9.9.9 192.168.16.1");
  const json drops = parsed(ctl({"--json", "drops"}).out);
  EXPECT_EQ(drops, (json{{"foreignMac", 0}, {"foreignSource", 1}, {"unroutable", 0}}));
}

TEST_F(CatenaSim, LeavesNothingOnSigterm) {
  Program program(arguments());
  EXPECT_TRUE(exists("vpc") && exists("node-1") && exists("node-2"));
  EXPECT_EQ(program.end(SIGTERM), 0);
  EXPECT_FALSE(exists("vpc") || exists("node-1") || exists("node-2"));
  EXPECT_EQ(ctl({"reach"}).exit_status, 1);
}

TEST_F(CatenaSim, TheNextStartRemovesWhatAKilledOneLeft) {
  Program program(arguments());
  EXPECT_EQ(program.end(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(exists("vpc") && exists("node-1"));
  Program next(arguments());
  EXPECT_EQ(ScratchNetNs(netns("node-1"))
                .sh("curl -sS -m 5 http://100.100.100.200/latest/meta-data/instance-id"),
            kFirst);
  EXPECT_EQ(next.end(SIGTERM), 0);
  EXPECT_FALSE(exists("vpc") || exists("node-1") || exists("node-2"));
}

TEST_F(CatenaSim, ASecondOneInTheSameDirectoryIsRefused) {
  const Program program(arguments());
  std::vector<std::string> again = arguments({"--listen", "127.0.0.1:0"});
  again.insert(again.begin(), "run");
  const Outcome refused = catena_sim(again);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_NE(refused.err.find("another simulation runs in " + state()), std::string::npos)
      << refused.err;
  EXPECT_TRUE(exists("node-1"));
}

TEST_F(CatenaSim, RunsWithoutNamespacesInVirtualTime) {
  const Program program(arguments({"--no-plane", "--virtual-time"}));
  EXPECT_FALSE(exists("vpc"));
  const std::string before = parsed(ctl({"--json", "now"}).out)["now"];
  const std::string still = parsed(ctl({"--json", "now"}).out)["now"];
  EXPECT_EQ(before, still);
  EXPECT_EQ(ctl({"advance", "ms=3599000"}).exit_status, 0);
  EXPECT_EQ(ctl({R"({"do": "advance", "ms": 1000})"}).exit_status, 0);
  const std::string after = parsed(ctl({"--json", "now"}).out)["now"];
  EXPECT_NE(before, after);
  EXPECT_EQ(ctl({"drops"}).exit_status, 1);
}

TEST_F(CatenaSim, SaysWhatIsWrongWithItsOptions) {
  EXPECT_EQ(catena_sim({}).exit_status, 2);
  EXPECT_EQ(catena_sim({"run", "--nods", "3"}).exit_status, 2);
  EXPECT_EQ(catena_sim({"run", "stray"}).exit_status, 2);
  const Outcome where = catena_sim({"run", "--listen", "here", "--state", state()});
  EXPECT_EQ(where.exit_status, 1);
  EXPECT_NE(where.err.find("--listen 'here'"), std::string::npos) << where.err;
  const Outcome both = catena_sim({"run", "--scene", "x", "--nodes", "2", "--state", state()});
  EXPECT_NE(both.err.find("--nodes and --scene"), std::string::npos) << both.err;
}

}  // namespace
}  // namespace catena::test
