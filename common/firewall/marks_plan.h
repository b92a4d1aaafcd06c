// What nf_tables holds for marks. Internal to this folder.
#pragma once

#include <optional>
#include <string>

#include "common/base/ip.h"
#include "common/firewall/marks.h"
#include "common/firewall/plan.h"

namespace catena::firewall {

inline constexpr int kFirstMarkedSlot = 1;
// To which chains lead packets that must not leave by an ENI.
inline constexpr const char* kByMainChain = "by-main";
// After kube-proxy's and everybody's DNAT at -100: the destination is final.
inline constexpr std::int32_t kAfterDnatPriority = -99;

std::string slot_chain(int slot);
// 0 where it is not the chain of a slot.
int slot_of_chain(const std::string& chain);

// Pods and the chains of their slots.
Set marks_map(base::Family family, const std::string& table = kTable);

// The field's values and what is done with a connection that has them.
Set slots_map(const std::string& table = kTable);

// The chains that all ENIs share and, where one is given, the chain of a slot.
Plan marks_plan(const MarkSettings& marks, std::optional<int> slot = std::nullopt,
                const std::string& table = kTable);

}  // namespace catena::firewall
