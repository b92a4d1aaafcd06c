// eni.capacity: how many pods of this node can have an ENI of their own.
#include <algorithm>
#include <set>

#include "agent/exclusive.h"
#include "agent/placement.h"
#include "agent/pool_view.h"

namespace catena::agent {
namespace {

constexpr std::chrono::minutes kRemembered{10};

// ENIs of ours that the store has forgotten are about to be adopted.
bool is_our_own(const cloud::NetworkInterface& eni) {
  return value_of(eni.tags, kOwnerTag) == kOwner &&
         value_of(eni.tags, kModeTag) == ipam::kExclusiveMode;
}

base::Result<CapacityMemory> ask(Duty& duty) {
  CapacityMemory memory;
  const Machine machine = TRY(find_machine(duty));
  cloud::NetworkInterfaceFilter filter;
  filter.instance_id = duty.settings().instance_id;
  std::vector<cloud::NetworkInterface> others =
      TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
  std::set<std::string> known;
  for (const ipam::Eni& eni : TRY(duty.store().cloud()).enis) {
    known.insert(eni.id);
  }
  std::erase_if(others, [&](const auto& eni) { return known.contains(eni.id) || is_our_own(eni); });
  memory.type = machine.type.id;
  memory.adapters = machine.type.eni_quantity;
  memory.others = adapters_of(others);
  memory.asked = duty.now();
  return memory;
}

}  // namespace

base::Result<EniCapacity> exclusive_capacity(Duty& duty, std::optional<CapacityMemory>& memory) {
  if (!memory.has_value() || duty.now() - memory->asked >= kRemembered) {
    memory = TRY(ask(duty));
  }
  cloud::InstanceType type;
  type.eni_quantity = memory->adapters;
  const PoolLimits limits = limits_of(type, duty.settings().pool);
  const EniCount ours = count_enis(TRY(duty.store().cloud()));
  const int used_or_kept = std::max(ours.shared, limits.min_enis);
  EniCapacity answer;
  for (const ExclusiveEni& eni : TRY(exclusive_enis(duty))) {
    answer.in_use += eni.held ? 1 : 0;
  }
  const int foreign = std::max(memory->others - 1, 0);  // beside the primary one
  answer.capacity =
      std::max(std::min(limits.all_enis, memory->adapters - memory->others) - used_or_kept, 0);
  answer.reason = memory->type + " has " + std::to_string(memory->adapters) +
                  " ENIs, the primary one included; " + std::to_string(limits.all_enis) +
                  " may be used beside it; " + std::to_string(used_or_kept) +
                  " are shared or kept for that, " + std::to_string(foreign) + " are not Catena's";
  return answer;
}

}  // namespace catena::agent
