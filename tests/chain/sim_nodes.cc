#include "tests/chain/sim_nodes.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <sys/prctl.h>
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
  environment_ = {{"CNI_PATH", bin_dir() + ":/usr/lib/cni"},
                  {"NETCONFPATH", dir_.path()},
                  {"CNI_IFNAME", "eth0"},
                  {"CATENA_SOCKET", socket()},
                  {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  for (const auto& [name, value] : environment.items()) {
    environment_.emplace_back(name, value.get<std::string>());
  }
}

base::IpAddress SimNode::address(base::Family family) const {
  const std::string text =
      netns_.sh(std::string("ip -o ") + (family == base::Family::kIpv4 ? "-4" : "-6") +
                " addr show dev eth0 scope global | awk '{print $4}' | cut -d/ -f1");
  return base::IpAddress::parse(text.substr(0, text.find('\n'))).value();
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
  install_chain(json::array({plugin}));
}

void SimNode::install_multiip(const json& overrides, const json& eni_conf) const {
  json plugin = {
      {"type", "catena-multiip"}, {"stateDir", state_dir()}, {"logFile", dir_.path() + "/log"}};
  if (!eni_conf.is_null()) {
    std::ofstream(this->eni_conf()) << eni_conf.dump();
    plugin["eniConf"] = this->eni_conf();
  }
  plugin.merge_patch(overrides);
  install_chain(json::array({plugin}));
}

void SimNode::install_chain(const json& plugins) const {
  std::ofstream(dir_.path() + "/net.conflist")
      << json{{"cniVersion", "1.0.0"}, {"name", "net"}, {"plugins", plugins}}.dump();
}

Outcome SimNode::cnitool(const std::string& verb, const ScratchNetNs& pod) const {
  return run_process({cnitool_path(), verb, "net", pod.path()}, here());
}

Outcome SimNode::cnitool_killed_after(unsigned milliseconds, const std::string& verb,
                                      const ScratchNetNs& pod) const {
  if (milliseconds == 0) {
    return cnitool(verb, pod);
  }
  // timeout(1) makes a process group of its own and signals all of it.
  const std::string seconds = std::to_string(milliseconds / 1000.0);
  return run_process(
      {"/usr/bin/timeout", "-s", "KILL", seconds, cnitool_path(), verb, "net", pod.path()}, here());
}

pid_t SimNode::start(const std::vector<std::string>& argv) const {
  const pid_t child = ::fork();
  if (child != 0) {
    return child;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string log = dir_.path() + "/log";
  if (::setns(netns_.fd(), CLONE_NEWNET) != 0 || ::freopen(log.c_str(), "a", stderr) == nullptr) {
    ::_exit(126);
  }
  for (const auto& [name, value] : environment_) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<char*> words;
  for (const std::string& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));
  }
  words.push_back(nullptr);
  ::execv(words[0], words.data());
  ::_exit(127);
}

std::vector<base::IpAddress> SimNode::add_all(const ScratchNetNs& pod) const {
  const Outcome outcome = cnitool("add", pod);
  EXPECT_EQ(outcome.exit_status, 0) << outcome.out << outcome.err << log();
  if (outcome.exit_status != 0) {
    return {};
  }
  const json result = json::parse(outcome.out, nullptr, false);
  std::vector<base::IpAddress> addresses;
  for (std::size_t i = 0; i < result.at("ips").size(); ++i) {
    addresses.push_back(base::IpAddress::parse(address_in(result, i)).value());
  }
  return addresses;
}

base::IpAddress SimNode::add(const ScratchNetNs& pod) const {
  const std::vector<base::IpAddress> addresses = add_all(pod);
  return addresses.empty() ? base::IpAddress() : addresses.front();
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

ScratchNetNs SimNodes::vpc_netns() const {
  return ScratchNetNs("/run/netns/" + prefix_of_this_test() + "-vpc");
}

int SimNodes::spoofed() const { return ctl({"drops"}).at("foreignSource"); }

json SimNodes::ctl(const std::vector<std::string>& words) const {
  std::vector<std::string> all{"ctl", "--json", "--state", dir_.path() + "/state"};
  all.insert(all.end(), words.begin(), words.end());
  const Outcome outcome = catena_sim(all);
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  return outcome.out.empty() ? json() : json::parse(outcome.out, nullptr, false);
}

}  // namespace catena::test
