// What a simulated VPC starts with: account, network, machines, keys, limits, delays.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::sim {

using Millis = std::chrono::milliseconds;
using Tags = std::vector<std::pair<std::string, std::string>>;

// A time drawn anew for each use, both ends included.
struct TimeRange {
  Millis least{0};
  Millis most{0};
};

struct SceneVpc {
  std::string id;
  std::string name;
  base::Prefix cidr;
  std::optional<base::Prefix> ipv6_cidr;
  std::vector<std::string> custom_tables;  // ids of route tables beside the system one
  Tags tags;
};

struct SceneVSwitch {
  std::string id;
  std::string name;
  std::string vpc;
  std::string zone;
  base::Prefix cidr;
  std::optional<base::Prefix> ipv6_cidr;  // absent: IPv6 is off
  // Blocks that only delegated prefixes (IPv4 /28, IPv6 /80) are taken from.
  std::vector<base::Prefix> prefix_reservations;
  int taken = 0;         // addresses that other tenants hold from the start
  bool pending = false;  // Pending for good, until the console says otherwise
  Tags tags;
};

struct SceneSecurityGroup {
  std::string id;
  std::string vpc;
  bool enterprise = false;
};

struct SceneInstance {
  std::string id;
  std::string name;
  std::string type;
  std::string vswitch;
  std::optional<base::IpAddress> private_ip;  // absent: the cloud chooses
  bool ipv6 = false;                          // the primary ENI gets one IPv6 address
  std::vector<std::string> security_groups;
  bool running = true;
  std::string role;   // RAM role; empty: none
  std::string netns;  // name of the namespace that plays the machine
  bool metadata_enabled = true;
  bool metadata_tokens_required = false;
  bool jumbo = false;
  Tags tags;
};

// An ENI that is there from the start and attached to nothing.
struct SceneEni {
  std::string id;
  std::string name;
  std::string description;
  std::string vswitch;
  std::vector<std::string> security_groups;
  bool service_managed = false;
  Tags tags;
};

struct InstanceType {
  std::string id;  // ecs.g7.xlarge
  int cores = 0;
  int memory_gib = 0;
  int enis = 1;          // the primary one included
  int total_enis = 1;    // with trunk members
  int ipv4_per_eni = 1;  // the ENI's primary address included
  int ipv6_per_eni = 0;
  bool trunk = false;
  bool jumbo = false;
  bool hot_plug = true;  // false: ENIs come and go only while the instance is Stopped
  int bandwidth_kbps = 0;
  int queues_per_eni = 0;
};

// An AccessKey of a user. Patterns are "ecs:*", "ecs:CreateNetworkInterface", "*"; deny wins.
struct SceneKey {
  std::string id;
  std::string secret;
  std::string user;  // empty: the account itself, which may do anything
  bool enabled = true;
  std::vector<std::string> allow{"*"};
  std::vector<std::string> deny;
};

struct SceneRole {
  std::string name;
  std::vector<std::string> allow{"*"};
  std::vector<std::string> deny;
  std::string oidc_provider;   // ARN whose tokens may assume it; empty: none
  int session_seconds = 3600;  // longest life of a set made by AssumeRoleWithOIDC
};

struct SceneDelays {
  TimeRange attach{Millis{1000}, Millis{6000}};
  TimeRange detach{Millis{1000}, Millis{5000}};
  TimeRange delete_eni{Millis{1000}, Millis{3000}};
  // How long a call that changes one ENI runs before it answers. Another one on the same ENI
  // meanwhile is an Operation.Conflict.
  TimeRange eni_call{Millis{500}, Millis{3000}};
  TimeRange route_call{Millis{200}, Millis{1000}};  // likewise per VPC: TaskConflict
  TimeRange route_create{Millis{1000}, Millis{5000}};
  TimeRange route_delete{Millis{1000}, Millis{5000}};
  TimeRange start{Millis{5000}, Millis{20000}};
  TimeRange stop{Millis{5000}, Millis{20000}};
  Millis address_cool_down{0};         // a released address is not given again so long
  Millis token_life{Millis{600'000}};  // of a NextToken
};

struct SceneLags {
  TimeRange describe{Millis{0}, Millis{3000}};
  TimeRange available_count{Millis{0}, Millis{10000}};
  TimeRange metadata{Millis{0}, Millis{10000}};
  // The guest's device comes so long before or after InUse, the sign drawn too.
  TimeRange guest_device{Millis{0}, Millis{5000}};
};

// How often in a hundred it happens by itself; the console can ask for single ones.
struct SceneFaults {
  int attach_fails_percent = 0;
  int detach_sticks_percent = 0;
  int delete_sticks_percent = 0;
};

struct SceneLimits {
  int enis = 100;  // of the account in the region, primary ENIs not counted
  int groups_per_eni = 5;
  int ips_per_basic_group = 2000;
  int ips_per_enterprise_group = 65536;
  int tags = 20;
  int assign_available = 49;           // secondary IPv4 of an ENI that is attached to nothing
  int assign_available_explicit = 32;  // of them by address, a call
  int create_explicit = 10;
  int prefixes_per_call = 10;
  int ipv6_per_call = 10;
  int routes_per_table = 200;
};

// What a new ENI is given where the call does not say; the API's text is silent about it.
struct SceneDefaults {
  bool delete_on_release = true;
  bool source_dest_check = true;
};

struct Scene {
  std::uint64_t seed = 1;
  std::string region = "cn-hangzhou";
  std::string account = "1234567890123456";
  // What the world's clock shows at first, UTC.
  std::chrono::sys_time<Millis> start{Millis{1'767'323'045'000}};  // 2026-01-02T03:04:05Z
  std::vector<SceneVpc> vpcs;
  std::vector<SceneVSwitch> vswitches;
  std::vector<SceneSecurityGroup> security_groups;
  std::vector<SceneInstance> instances;
  std::vector<SceneEni> enis;
  std::vector<InstanceType> instance_types;  // beside the catalogue's; the same id replaces
  std::vector<SceneKey> keys;
  std::vector<SceneRole> roles;
  SceneDelays delays;
  SceneLags lags;
  SceneFaults faults;
  SceneLimits limits;
  SceneDefaults defaults;
  // Calls a calendar minute, by action; default_rate for the others.
  std::map<std::string, int> rates;
  int default_rate = 500;
};

// One VPC 192.168.0.0/16 with IPv6, a vSwitch in each of three zones, one security group, one key,
// one role, and `nodes` machines "node-1"... spread over the zones.
Scene default_scene(int nodes);

// Adds machines "node-<n>" of `type` over the first VPC's vSwitches, with its security groups.
void add_nodes(Scene& scene, int nodes, const std::string& type);

// No random waits and no lag: for tests of something else.
void make_instant(Scene& scene);

// kBadConfig for an unknown key, a wrong type or a bad value, by the key's path. Keys and defaults:
// sim/world/README.md. What is not given is as in default_scene.
base::Result<Scene> parse_scene(const nlohmann::json& json);

}  // namespace catena::sim
