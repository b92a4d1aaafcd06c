#include "tests/bench/rigs.h"

#include <cstdio>
#include <cstdlib>
#include <sched.h>

#include <nlohmann/json.hpp>

#include "tests/support/paths.h"

namespace catena::bench {
namespace {

Environment environment_of(const std::string& command, const Rig& rig, std::size_t pod) {
  return {{"CNI_COMMAND", command},
          {"CNI_CONTAINERID", "bench-pod-" + std::to_string(pod)},
          {"CNI_NETNS", rig.pods.at(pod)->path()},
          {"CNI_IFNAME", "eth0"},
          {"CNI_PATH", "/usr/lib/cni"},
          {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
}

}  // namespace

std::unique_ptr<Rig> node_rig(const std::string& name, const std::string& plugin) {
  auto rig = std::make_unique<Rig>();
  rig->name = name;
  rig->plugin = plugin;
  // A NIC with a default route, as every node has.
  rig->node.sh(
      "ip link add nic0 type veth peer name out0; ip link set nic0 up; ip link set out0 up; "
      "ip addr add 192.168.0.10/24 dev nic0; ip route add default via 192.168.0.1");
  return rig;
}

void Rig::make_pods(std::size_t count) {
  while (pods.size() < count) {
    pods.push_back(std::make_unique<test::ScratchNetNs>());
  }
}

void Rig::enter() const {
  if (::setns(node.fd(), CLONE_NEWNET) != 0) {
    std::perror("setns");
    std::exit(2);
  }
}

Launch Rig::add_launch(std::size_t pod) const {
  return {plugin, environment_of("ADD", *this, pod), conf_json};
}

Launch Rig::del_launch(std::size_t pod, const std::string& result) const {
  nlohmann::json configuration = nlohmann::json::parse(conf_json);
  configuration["prevResult"] = nlohmann::json::parse(result);
  return {plugin, environment_of("DEL", *this, pod), configuration.dump()};
}

std::string our_binary(const std::string& plugin) {
  return catena::test::bin_dir() + "/catena-" + plugin;
}

std::string reference_binary(const std::string& plugin) { return "/usr/lib/cni/" + plugin; }

std::unique_ptr<Rig> our_rig() {
  auto rig = node_rig("vpc-route", our_binary("vpc-route"));
  const nlohmann::json configuration = {
      {"cniVersion", "1.0.0"},       {"name", "bench"},
      {"type", "catena-vpc-route"},  {"podCIDRs", {"172.30.0.0/16"}},
      {"stateDir", rig->dir.path()}, {"closedUntilPolicy", false}};
  rig->conf_json = configuration.dump();
  return rig;
}

std::unique_ptr<Rig> reference_rig() {
  auto rig = node_rig("ptp+host-local", reference_binary("ptp"));
  const nlohmann::json configuration = {{"cniVersion", "1.0.0"},
                                        {"name", "bench"},
                                        {"type", "ptp"},
                                        {"ipMasq", false},
                                        {"ipam",
                                         {{"type", "host-local"},
                                          {"dataDir", rig->dir.path()},
                                          {"ranges", {{{{"subnet", "172.30.0.0/16"}}}}},
                                          {"routes", {{{"dst", "0.0.0.0/0"}}}}}}};
  rig->conf_json = configuration.dump();
  return rig;
}

}  // namespace catena::bench
