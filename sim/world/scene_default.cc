#include <algorithm>

#include "sim/scene.h"

namespace catena::sim {
namespace {

constexpr const char* kVpc = "vpc-bp1catena00000000vpc1";
constexpr const char* kNodeType = "ecs.g7.xlarge";
constexpr const char* kGroup = "sg-bp1catena0000000group1";

base::Prefix prefix(const char* text) { return base::Prefix::parse(text).value(); }

// Addresses of documentation (RFC 3849) instead of a range somebody owns.
SceneVSwitch vswitch_of(char zone, const char* cidr, const char* ipv6_cidr, int number) {
  SceneVSwitch made;
  made.id = "vsw-bp1catena000000zone" + std::string(1, zone);
  made.name = "vswitch-" + std::to_string(number);
  made.vpc = kVpc;
  made.zone = "cn-hangzhou-" + std::string(1, zone);
  made.cidr = prefix(cidr);
  made.ipv6_cidr = prefix(ipv6_cidr);
  return made;
}

std::string padded(int number, std::size_t width) {
  std::string text = std::to_string(number);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

}  // namespace

Scene default_scene(int nodes) {
  Scene scene;
  SceneVpc vpc;
  vpc.id = kVpc;
  vpc.name = "catena";
  vpc.cidr = prefix("192.168.0.0/16");
  vpc.ipv6_cidr = prefix("2001:db8:1234:1a00::/56");
  scene.vpcs = {vpc};
  scene.vswitches = {vswitch_of('h', "192.168.0.0/20", "2001:db8:1234:1a00::/64", 1),
                     vswitch_of('i', "192.168.16.0/20", "2001:db8:1234:1a01::/64", 2),
                     vswitch_of('j', "192.168.32.0/20", "2001:db8:1234:1a02::/64", 3)};
  scene.security_groups = {SceneSecurityGroup{kGroup, kVpc, true}};
  SceneKey key;
  key.id = "LTAI0000catenasimkey";
  key.secret = "catena-sim-secret";
  scene.keys = {key};
  SceneRole role;
  role.name = "catena-node";
  scene.roles = {role};
  add_nodes(scene, nodes, kNodeType);
  return scene;
}

void add_nodes(Scene& scene, int nodes, const std::string& type) {
  std::vector<std::string> vswitches;
  for (const SceneVSwitch& vswitch : scene.vswitches) {
    if (vswitch.vpc == scene.vpcs.front().id) {
      vswitches.push_back(vswitch.id);
    }
  }
  std::vector<std::string> groups;
  for (const SceneSecurityGroup& group : scene.security_groups) {
    if (group.vpc == scene.vpcs.front().id) {
      groups.push_back(group.id);
    }
  }
  for (int number = 1; number <= nodes && !vswitches.empty(); ++number) {
    SceneInstance made;
    made.id = "i-bp1catena00000node" + padded(number, 4);
    made.name = "node-" + std::to_string(number);
    made.type = type;
    made.vswitch = vswitches[static_cast<std::size_t>(number - 1) % vswitches.size()];
    made.ipv6 = true;
    made.security_groups = groups;
    made.role = scene.roles.empty() ? "" : scene.roles.front().name;
    made.netns = "sim-" + made.name;
    scene.instances.push_back(made);
  }
}

void make_instant(Scene& scene) {
  const Millis cool_down = scene.delays.address_cool_down;
  const Millis token_life = scene.delays.token_life;
  const TimeRange none;
  scene.delays = {none, none, none, none, none, none, none, none, none, cool_down, token_life};
  scene.lags = {none, none, none, none};
}

}  // namespace catena::sim
