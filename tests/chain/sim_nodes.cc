#include "tests/chain/sim_nodes.h"

#include <fstream>
#include <sstream>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace catena::test {
namespace {

std::string prefix_of_this_test() { return "chain" + std::to_string(::getpid()); }

}  // namespace

SimNode::SimNode(int number, const json& facts, const json& environment)
    : number_(number),
      id_(facts.at("id")),
      netns_("/run/netns/" + facts.at("netns").get<std::string>()) {
  environment_ = {{"CNI_PATH", bin_dir()},
                  {"NETCONFPATH", dir_.path()},
                  {"CNI_IFNAME", "eth0"},
                  {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  for (const auto& [name, value] : environment.items()) {
    environment_.emplace_back(name, value.get<std::string>());
  }
}

std::string SimNode::log() const {
  const std::ifstream file(dir_.path() + "/log");
  return (std::stringstream() << file.rdbuf()).str();
}

ProcessOptions SimNode::here() const {
  return {.environment = environment_, .netns_fd = netns_.fd()};
}

void SimNode::install(const json& overrides) const {
  json plugin = {{"type", "catena-vpc-route"},
                 {"podCIDRs", {cidr()}},
                 {"stateDir", state_dir()},
                 {"logFile", dir_.path() + "/log"}};
  plugin.merge_patch(overrides);
  std::ofstream(dir_.path() + "/net.conflist")
      << json{{"cniVersion", "1.0.0"}, {"name", "net"}, {"plugins", {plugin}}}.dump();
}

Outcome SimNode::cnitool(const std::string& verb, const ScratchNetNs& pod) const {
  return run_process({cnitool_path(), verb, "net", pod.path()}, here());
}

base::IpAddress SimNode::add(const ScratchNetNs& pod) const {
  const Outcome outcome = cnitool("add", pod);
  EXPECT_EQ(outcome.exit_status, 0) << outcome.out << outcome.err << log();
  const json result = json::parse(outcome.out, nullptr, false);
  const std::string text = outcome.exit_status == 0 ? address_in(result) : "0.0.0.0";
  return base::IpAddress::parse(text).value();
}

Outcome SimNode::agent(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{bin_dir() + "/catena-agent", "call"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.insert(argv.end(), {"--state-dir", state_dir()});
  return run_process(argv, here());
}

SimNodes::SimNodes(int count, const json& scene) {
  json whole = {{"nodes", count}};
  whole.merge_patch(scene);
  std::ofstream(dir_.path() + "/scene.json") << whole.dump();
  program_ = std::make_unique<Program>(
      std::vector<std::string>{"--scene", dir_.path() + "/scene.json", "--state",
                               dir_.path() + "/state", "--prefix", prefix_of_this_test()});
  const json reach = ctl({"reach"});
  int number = 0;
  for (const json& node : reach.at("nodes")) {
    nodes_.push_back(std::make_unique<SimNode>(++number, node, reach.at("environmentInNodes")));
  }
}

json SimNodes::ctl(const std::vector<std::string>& words) const {
  std::vector<std::string> all{"ctl", "--json", "--state", dir_.path() + "/state"};
  all.insert(all.end(), words.begin(), words.end());
  const Outcome outcome = catena_sim(all);
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  return outcome.out.empty() ? json() : json::parse(outcome.out, nullptr, false);
}

}  // namespace catena::test
