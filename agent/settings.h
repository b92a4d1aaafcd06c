// Who this node is, and what the ENIs it makes are like.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/cloud/client.h"
#include "common/cloud/eni_conf.h"

namespace catena::agent {

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
  std::uint64_t seed = 0;  // of jitter, for tests that must repeat; 0: taken from the kernel
};

}  // namespace catena::agent
