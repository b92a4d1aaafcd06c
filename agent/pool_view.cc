#include "agent/pool_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "agent/intents.h"
#include "agent/placement.h"
#include "agent/prefixes.h"

namespace catena::agent {
namespace {

int count_of(const ipam::FamilyStock& stock) {
  return static_cast<int>(stock.free + stock.cooling + stock.bound + stock.reserved +
                          stock.quarantined);
}

// Value of `key`, 0 where there is none.
int at(const std::map<std::string, int>& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

int servable(const std::vector<ipam::EniStock>& stock, const Families& families) {
  return std::accumulate(stock.begin(), stock.end(), 0, [&](int sum, const ipam::EniStock& eni) {
    EniRoom room;
    room.free4 = static_cast<int>(eni.ipv4.free);
    room.free6 = static_cast<int>(eni.ipv6.free);
    return sum + (eni.serves() ? servable_now(room, families) : 0);
  });
}

PoolLimits limits_of(const cloud::InstanceType& type, const PoolSettings& settings) {
  PoolLimits limits;
  const double scaled = std::floor(settings.eni_cap_ratio * type.eni_quantity);
  const int capped =
      std::clamp(static_cast<int>(scaled) + settings.eni_cap_shift, 0, type.eni_quantity);
  limits.all_enis = std::max(capped - 1, 0);
  limits.enis = limits.all_enis;
  limits.min_enis = settings.min_enis;
  if (settings.max_enis > 0) {
    limits.enis = std::min(limits.enis, settings.max_enis);
  }
  limits.ipv4_each = type.ipv4_per_eni;
  limits.ipv6_each = type.ipv6_per_eni;
  limits.ips_each =
      settings.max_ips_per_eni > 0 ? settings.max_ips_per_eni : std::numeric_limits<int>::max();
  return limits;
}

EniCount count_enis(const ipam::CloudRecords& known) {
  EniCount count;
  const auto add = [&count](const std::string& mode) {
    ++(mode == ipam::kExclusiveMode ? count.exclusive : count.shared);
  };
  for (const ipam::Eni& eni : known.enis) {
    add(eni.mode);
  }
  for (const ipam::Intent& intent : known.intents) {
    if (intent.action == kCreateEni && parameter(intent, "eni").empty()) {
      add(parameter(intent, "mode"));
    }
  }
  return count;
}

base::Result<PoolView> PoolView::open(Duty& duty) {
  PoolView view;
  const Machine machine = TRY(find_machine(duty));
  view.limits_ = limits_of(machine.type, duty.settings().pool);
  view.adapters_ = machine.type.eni_quantity;
  cloud::NetworkInterfaceFilter filter;
  filter.instance_id = duty.settings().instance_id;
  const auto attached = TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
  const ipam::CloudRecords known = TRY(duty.store().cloud());
  std::set<std::string> ours;
  for (const ipam::Eni& eni : known.enis) {
    ours.insert(eni.id);
  }
  std::vector<cloud::NetworkInterface> others = attached;
  std::erase_if(others, [&](const auto& eni) { return ours.contains(eni.id); });
  view.attached_ = adapters_of(others);
  for (const cloud::NetworkInterface& eni : attached) {
    SlotsUsed& used = view.used_[eni.id];
    used.ipv4 = static_cast<int>(eni.private_ips.size() + eni.ipv4_prefixes.size());
    used.ipv6 = static_cast<int>(eni.ipv6s.size() + eni.ipv6_prefixes.size());
    view.blocks4_[eni.id] = static_cast<int>(eni.ipv4_prefixes.size());
    view.blocks6_[eni.id] = static_cast<int>(eni.ipv6_prefixes.size());
  }
  return view;
}

base::Result<int> PoolView::new_enis(Duty& duty, std::string_view mode) const {
  const EniCount ours = count_enis(TRY(duty.store().cloud()));
  const int left = std::min(limits_.all_enis, adapters_ - attached_) - ours.shared - ours.exclusive;
  const int of_mode = mode == ipam::kSharedMode
                          ? limits_.enis - ours.shared
                          : left - std::max(limits_.min_enis - ours.shared, 0);
  return std::max(std::min(left, of_mode), 0);
}

int PoolView::slots4_left(int used, int addresses, bool prefixes) const {
  const int by_addresses = limits_.ips_each - addresses;
  return std::max(
      std::min(limits_.ipv4_each - used, prefixes ? by_addresses / kIpv4PerPrefix : by_addresses),
      0);
}

std::vector<EniRoom> PoolView::rooms(const std::vector<ipam::EniStock>& stock,
                                     bool prefixes4) const {
  std::vector<EniRoom> rooms;
  rooms.reserve(stock.size());
  for (const ipam::EniStock& eni : stock) {
    if (!eni.serves()) {
      continue;
    }
    const auto found = used_.find(eni.eni.id);
    const SlotsUsed seen = found == used_.end() ? SlotsUsed() : found->second;
    // What the store has beyond the blocks are single addresses, each with a slot of its own.
    const int used4 =
        std::max(seen.ipv4, count_of(eni.ipv4) - at(blocks4_, eni.eni.id) * (kIpv4PerPrefix - 1));
    const int used6 =
        std::max(seen.ipv6, count_of(eni.ipv6) - at(blocks6_, eni.eni.id) * (kIpv6PerPrefix - 1));
    EniRoom room;
    room.id = eni.eni.id;
    room.free4 = static_cast<int>(eni.ipv4.free);
    room.free6 = static_cast<int>(eni.ipv6.free);
    room.slots4 = slots4_left(used4, count_of(eni.ipv4), prefixes4);
    room.slots6 =
        std::max(std::min(limits_.ipv6_each - used6, limits_.ips_each - count_of(eni.ipv6)), 0);
    rooms.push_back(std::move(room));
  }
  return rooms;
}

EniRoom PoolView::new_eni(bool prefixes4) const {
  EniRoom room;
  room.free4 = 1;
  room.slots4 = slots4_left(1, 1, prefixes4);
  room.slots6 = std::min(limits_.ipv6_each, limits_.ips_each);
  return room;
}

int PoolView::blocks(const std::vector<ipam::EniStock>& stock) const {
  return std::accumulate(stock.begin(), stock.end(), 0, [&](int sum, const ipam::EniStock& eni) {
    return sum + (eni.serves() ? at(blocks4_, eni.eni.id) : 0);
  });
}

void PoolView::count(const std::string& id, const GrowRequest& request) {
  SlotsUsed& used = used_.try_emplace(id, SlotsUsed{.ipv4 = 1, .ipv6 = 0}).first->second;
  used.ipv4 += request.ipv4 + request.ipv4_prefixes;
  used.ipv6 += request.ipv6 + request.ipv6_prefixes;
  blocks4_[id] += request.ipv4_prefixes;
  blocks6_[id] += request.ipv6_prefixes;
}

}  // namespace catena::agent
