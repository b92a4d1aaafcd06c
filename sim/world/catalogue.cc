#include "sim/world/catalogue.h"

#include <array>
#include <string_view>

namespace catena::sim {
namespace {

struct Row {
  std::string_view id;
  int cores;
  int memory_gib;
  int enis;
  int total_enis;  // 0: as many as `enis`
  int ipv4;
  int ipv6;
};

// ENIs and IPv4 addresses are from the vendor's table of instance families; totals and IPv6 of g7,
// u1, ebmre7p and g6.large/16xlarge from answers of the API. g7 and younger have as many IPv6
// addresses as IPv4, older ones have one.
constexpr std::array kRows{
    Row{"ecs.g7.large", 2, 8, 3, 0, 6, 6},
    Row{"ecs.g7.xlarge", 4, 16, 4, 20, 15, 15},
    Row{"ecs.g7.2xlarge", 8, 32, 4, 10, 15, 15},
    Row{"ecs.g7.3xlarge", 12, 48, 8, 0, 15, 15},
    Row{"ecs.g7.4xlarge", 16, 64, 8, 0, 30, 30},
    Row{"ecs.g7.8xlarge", 32, 128, 8, 0, 30, 30},
    Row{"ecs.g7.16xlarge", 64, 256, 8, 0, 30, 30},
    Row{"ecs.g7.32xlarge", 128, 512, 15, 0, 30, 30},
    Row{"ecs.c7.large", 2, 4, 3, 0, 6, 6},
    Row{"ecs.c7.xlarge", 4, 8, 4, 0, 15, 15},
    Row{"ecs.r7.large", 2, 16, 3, 0, 6, 6},
    Row{"ecs.r7.xlarge", 4, 32, 4, 0, 15, 15},
    Row{"ecs.g6.large", 2, 8, 2, 2, 6, 1},
    Row{"ecs.g6.xlarge", 4, 16, 3, 0, 10, 1},
    Row{"ecs.g6.2xlarge", 8, 32, 4, 0, 10, 1},
    Row{"ecs.g6.4xlarge", 16, 64, 8, 0, 20, 1},
    Row{"ecs.g6.8xlarge", 32, 128, 8, 0, 20, 1},
    Row{"ecs.g6.16xlarge", 64, 256, 8, 60, 20, 1},
    Row{"ecs.g6.26xlarge", 104, 384, 15, 0, 20, 1},
    Row{"ecs.g6e.large", 2, 8, 3, 0, 6, 1},
    Row{"ecs.g6e.xlarge", 4, 16, 4, 0, 15, 1},
    Row{"ecs.g6e.4xlarge", 16, 64, 8, 0, 30, 1},
    Row{"ecs.g7ne.large", 2, 8, 3, 0, 10, 10},
    Row{"ecs.g7ne.2xlarge", 8, 32, 6, 0, 15, 15},
    Row{"ecs.g7ne.24xlarge", 96, 384, 15, 0, 50, 50},
    Row{"ecs.g5.large", 2, 8, 2, 0, 6, 1},
    Row{"ecs.g5.xlarge", 4, 16, 3, 0, 10, 1},
    Row{"ecs.g5.2xlarge", 8, 32, 4, 0, 10, 1},
    Row{"ecs.g5.4xlarge", 16, 64, 8, 0, 20, 1},
    Row{"ecs.g5.16xlarge", 64, 256, 8, 0, 20, 1},
    Row{"ecs.g5ne.18xlarge", 72, 288, 15, 0, 50, 1},
    Row{"ecs.hfg7.large", 2, 8, 2, 0, 6, 6},
    Row{"ecs.hfg7.xlarge", 4, 16, 3, 0, 15, 15},
    Row{"ecs.n4.small", 1, 2, 2, 0, 2, 1},
    Row{"ecs.n4.large", 2, 4, 2, 0, 2, 1},
    Row{"ecs.u1-c1m4.xlarge", 4, 16, 3, 6, 10, 1},
    Row{"ecs.ebmg6.26xlarge", 104, 384, 32, 0, 10, 1},
    Row{"ecs.ebmre7p.32xlarge", 128, 1920, 32, 110, 15, 1},
    Row{"ecs.t5-lc1m1.small", 1, 1, 2, 0, 2, 1},
    Row{"ecs.t6-c1m1.large", 2, 2, 2, 0, 2, 1},
    Row{"ecs.t1.xsmall", 1, 1, 1, 1, 1, 0},
};

// ENI user guide: these take ENIs only while they are Stopped.
constexpr std::array<std::string_view, 5> kColdFamilies{"ecs.s6", "ecs.e", "ecs.t6", "ecs.t5",
                                                        "ecs.n4"};

bool takes_hot_plug(const std::string& id) {
  const std::string family = family_of(id);
  for (const std::string_view cold : kColdFamilies) {
    if (family == cold || family.starts_with(std::string(cold) + "-")) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string family_of(const std::string& type) { return type.substr(0, type.rfind('.')); }

std::map<std::string, InstanceType> catalogue() {
  std::map<std::string, InstanceType> types;
  for (const Row& row : kRows) {
    InstanceType type;
    type.id = row.id;
    type.cores = row.cores;
    type.memory_gib = row.memory_gib;
    type.enis = row.enis;
    type.total_enis = row.total_enis == 0 ? row.enis : row.total_enis;
    type.ipv4_per_eni = row.ipv4;
    type.ipv6_per_eni = row.ipv6;
    type.trunk = type.total_enis > type.enis;
    type.jumbo = family_of(type.id) == "ecs.g7" || family_of(type.id) == "ecs.hfg7";
    type.hot_plug = takes_hot_plug(type.id);
    // ecs.g7.xlarge has 3,072,000 kbit/s; the others are set in proportion to their cores.
    type.bandwidth_kbps = 768'000 * row.cores;
    type.queues_per_eni = std::min(row.cores, 16);
    types.emplace(type.id, type);
  }
  return types;
}

}  // namespace catena::sim
