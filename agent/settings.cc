#include "agent/settings.h"

namespace catena::agent {

PoolSettings pool_settings_of(const cloud::EniConf& conf) {
  PoolSettings pool;
  pool.min_idle = conf.min_pool_size;
  pool.max_idle = conf.max_pool_size;
  pool.warm_up = conf.warm_up_size;
  pool.min_enis = conf.min_enis;
  pool.max_enis = conf.max_enis;
  pool.eni_cap_ratio = conf.eni_cap_ratio;
  pool.eni_cap_shift = conf.eni_cap_shift;
  pool.max_ips_per_eni = conf.max_ips_per_eni;
  pool.eni_policy = conf.eni_policy;
  pool.ipv6 = conf.ip_stack == cloud::IpStack::kDual;
  pool.use_prefixes = conf.use_prefixes;
  pool.ipv4_prefixes = conf.ipv4_prefixes;
  pool.ipv6_prefixes = conf.ipv6_prefixes;
  pool.idle_reclaim = conf.idle_reclaim;
  pool.idle_enis = conf.idle_enis;
  pool.sync_period = conf.pool_sync_period;
  return pool;
}

}  // namespace catena::agent
