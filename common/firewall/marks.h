// The field of packet and connection marks that says by which ENI a pod's packets leave.
#pragma once

#include <cstdint>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::firewall {

// Slots of ENIs: 1 to 254. A connection that must not leave by an ENI has kNoEni in its mark.
inline constexpr std::uint32_t kNoEni = 255;

struct MarkSettings {
  // Marks are read and written under it only. At least 8 bits, all contiguous, none of kube-proxy's
  // (0x4000, 0x8000).
  std::uint32_t mask = 0x0ff00000;

  // kBadConfig for any other mask, saying how many ENIs it would have room for.
  static base::Result<MarkSettings> from_mask(std::uint32_t mask);
  // The slot's place in the field.
  std::uint32_t value_of(std::uint32_t slot) const;
  std::uint32_t slot_of(std::uint32_t mark) const;

  bool operator==(const MarkSettings&) const = default;
};

struct Marked {
  base::IpAddress address;
  int slot = 0;
  auto operator<=>(const Marked&) const = default;
};

}  // namespace catena::firewall
