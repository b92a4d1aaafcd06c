// Numbers by which the kernel's objects of shared ENIs are known (docs/datapath.md).
#pragma once

#include <cstdint>

namespace catena::enilink {

// An ENI's slot, given by the store: 1 to 254.
inline constexpr int kFirstSlot = 1;
inline constexpr int kLastSlot = 254;

// Host routes of all pods.
inline constexpr std::uint32_t kPodsTable = 20200;
// Host routes of pods with a NIC of their own, by their second link. For what the node sends itself
// and what is led there by mark; all else reaches them through the VPC.
inline constexpr std::uint32_t kHostPeersTable = 20455;
// What leaves by an ENI.
constexpr std::uint32_t table_of(int slot) { return kPodsTable + static_cast<std::uint32_t>(slot); }

// Rules, both families.
inline constexpr std::uint32_t kPodsPriority = 512;
inline constexpr std::uint32_t kHostStackPriority = 590;
// The table above: for what the node sends, and for what was translated to such a pod.
inline constexpr std::uint32_t kFromNodePriority = 595;
inline constexpr std::uint32_t kTranslatedPriority = 599;
// 600 is kept for what must be looked up in main before any ENI; 601 to 854: one an ENI.
constexpr std::uint32_t mark_priority_of(int slot) {
  return 600 + static_cast<std::uint32_t>(slot);
}
// One a pod's address, where there are no marks.
inline constexpr std::uint32_t kSourcePriority = 2048;

// The link group (`ip link show group 20200`) of ENIs that are kept on the host: the mark chains
// know by it what came in by one.
inline constexpr std::uint32_t kEniGroup = kPodsTable;

}  // namespace catena::enilink
