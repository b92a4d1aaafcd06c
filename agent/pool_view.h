// What a node has of shared ENIs, as the store and the cloud know it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/pool.h"
#include "agent/pool_plan.h"

namespace catena::agent {

// Pods that could be served now.
int servable(const std::vector<ipam::EniStock>& stock, const Families& families);

// How many ENIs and addresses the node may have.
struct PoolLimits {
  int all_enis = 0;   // beside the primary one
  int enis = 0;       // of these, shared ones of ours
  int min_enis = 0;   // shared ones, for which exclusive ones leave room
  int ipv4_each = 0;  // slots of an ENI, its own address included
  int ipv6_each = 0;
  int ips_each = 0;  // addresses of a family in all of them; eni.conf's max_ips_per_eni
};
PoolLimits limits_of(const cloud::InstanceType& type, const PoolSettings& settings);

// ENIs of ours, those included that are about to be made.
struct EniCount {
  int shared = 0;
  int exclusive = 0;
};
EniCount count_enis(const ipam::CloudRecords& known);

// Slots that an ENI has in use.
struct SlotsUsed {
  int ipv4 = 0;
  int ipv6 = 0;
};

// The state of the pool during one growth. Describe calls lag, so what is added meanwhile is
// counted here.
class PoolView {
 public:
  // Asks the cloud for the machine and the ENIs attached to it.
  static base::Result<PoolView> open(Duty& duty);

  const PoolLimits& limits() const { return limits_; }
  // How many ENIs of that mode more may be made, by what the store says now.
  base::Result<int> new_enis(Duty& duty, std::string_view mode) const;
  // ENIs that serve pods, with the room they have.
  std::vector<EniRoom> rooms(const std::vector<ipam::EniStock>& stock, bool prefixes4) const;
  EniRoom new_eni(bool prefixes4) const;
  // IPv4 blocks that the ENIs of `stock` have.
  int blocks(const std::vector<ipam::EniStock>& stock) const;

  // `request` was carried out for the ENI `id`.
  void count(const std::string& id, const GrowRequest& request);

 private:
  int slots4_left(int used, int addresses, bool prefixes) const;

  PoolLimits limits_;
  int adapters_ = 0;  // that the type allows
  std::map<std::string, SlotsUsed> used_;
  std::map<std::string, int> blocks4_;
  std::map<std::string, int> blocks6_;
  int attached_ = 0;
};

}  // namespace catena::agent
