// eni.conf: what the administrator says about ENIs, in the format of Terway's eni_conf.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "common/cloud/rate_budget.h"

namespace catena::cloud {

enum class VSwitchPolicy {
  kRandom,
  kOrdered,  // as the list is written
  kMost,     // the one with most available addresses first
};
enum class EniPolicy { kMostIps, kLeastIps };
enum class IpStack { kIpv4, kDual };

using TagList = std::vector<std::pair<std::string, std::string>>;

// Back to min_pool_size, some at a time, once addresses were idle for so long.
struct IdleReclaim {
  std::chrono::milliseconds after{0};  // 0: never
  int batch_size = 5;
  std::chrono::milliseconds interval{600'000};
  double jitter = 0.1;  // share of the interval
};

// ENIs that are attached so that a pod can have one as a whole, and that no pod has.
struct IdleEnis {
  int min = 0;  // below it more are made,
  int max = 0;  // above it they go once they were idle for so long
  std::chrono::milliseconds reclaim_after{600'000};
};

struct EniConf {
  std::string region;                      // empty: the metadata service says
  std::optional<Credentials> credentials;  // access_key and access_secret
  std::string credential_path;             // encrypted token file; empty: none named
  std::vector<base::Prefix> service_cidrs;
  std::map<std::string, std::vector<std::string>> vswitches;  // by zone; empty: the instance's own
  VSwitchPolicy vswitch_policy = VSwitchPolicy::kRandom;
  std::vector<std::string> security_groups;  // at most 10; empty: those of the primary ENI
  std::string resource_group;
  std::string eni_name_prefix;
  TagList eni_tags;

  IpStack ip_stack = IpStack::kIpv4;
  int min_pool_size = 0;  // idle addresses (or ENIs): below it the pool grows,
  int max_pool_size = 5;  // above it it shrinks
  int warm_up_size = 0;   // addresses to have when the node starts
  IdleReclaim idle_reclaim;
  std::chrono::milliseconds pool_sync_period{120'000};
  IdleEnis idle_enis;
  int min_enis = 0;
  int max_enis = 0;            // 0: as many as the instance type allows
  int max_ips_per_eni = 0;     // of a family, its own included; 0: as many as the type allows
  double eni_cap_ratio = 1.0;  // ENIs used = allowed by the type * ratio + shift
  int eni_cap_shift = 0;
  EniPolicy eni_policy = EniPolicy::kMostIps;
  bool use_prefixes = false;   // /28 blocks in the place of single addresses
  int ipv4_prefixes = 0;       // to hold from the start
  int ipv6_prefixes = 0;       // 0 or 1
  bool advertise_enis = true;  // the node offers the extended resource aliyun/eni
  RateLimits rate_limits;      // over the defaults of RateBudget

  // Things that work but that the administrator should know, one line each.
  std::vector<std::string> notices;
};

// kUndecodable where it is no JSON. kBadConfig names the key, what was expected, and for what
// Catena does not do the reason. Secrets are never in an error.
base::Result<EniConf> parse_eni_conf(std::string_view text);
// Errors name `path`. Permissions by which others can read a secret in it are a notice.
base::Result<EniConf> read_eni_conf(const std::string& path);
// Its `advertise_enis`; a file that is not there says nothing against it.
base::Result<bool> advertises_enis(const std::string& path);

}  // namespace catena::cloud
