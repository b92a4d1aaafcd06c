// Who this node is, and what the ENIs it makes are like.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/cloud/client.h"
#include "common/cloud/eni_conf.h"

namespace catena::agent {

// What eni.conf says of the pools of addresses and of ENIs (docs/eni-conf.md); ENIs are those
// beside the primary one.
struct PoolSettings {
  int min_idle = 0;  // pods that could be served without the cloud: below it the pool grows,
  int max_idle = 5;  // above it it shrinks
  int warm_up = 0;   // addresses that the node has at least, used or not
  int min_enis = 0;
  int max_enis = 0;  // 0: as many as the instance type allows
  double eni_cap_ratio = 1.0;
  int eni_cap_shift = 0;
  int max_ips_per_eni = 0;  // of a family, its own included; 0: as many as the type allows
  cloud::EniPolicy eni_policy = cloud::EniPolicy::kMostIps;
  bool ipv6 = false;
  bool use_prefixes = false;
  int ipv4_prefixes = 0;  // that the node has at least
  int ipv6_prefixes = 0;  // of each ENI; 0: single addresses
  cloud::IdleReclaim idle_reclaim;
  cloud::IdleEnis idle_enis;                       // exclusive ones
  std::chrono::milliseconds sync_period{120'000};  // of pool.keep
};
PoolSettings pool_settings_of(const cloud::EniConf& conf);

struct Settings {
  std::string cluster = "default";  // value of the tag catena-cluster
  std::string instance_id;
  std::string instance_type;  // empty: asked of the cloud
  std::string vpc_id;
  // Candidates in this node's zone, at least one.
  std::vector<std::string> vswitches;
  cloud::VSwitchPolicy vswitch_policy = cloud::VSwitchPolicy::kRandom;
  std::vector<std::string> security_groups;  // empty: the instance's own
  std::vector<cloud::Tag> eni_tags;          // beside our own
  std::string eni_name_prefix;               // empty: "catena"
  std::string resource_group;
  // An ENI of ours that no record and no intent knows of is deleted when it is older than that.
  std::chrono::seconds orphan_age = std::chrono::minutes(10);
  PoolSettings pool;
  std::uint64_t seed = 0;  // of jitter, for tests that must repeat; 0: taken from the kernel
};

}  // namespace catena::agent
