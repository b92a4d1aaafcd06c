// ipBlocks as ranges of addresses. Internal to this folder.
#pragma once

#include <vector>

#include "common/netpol/objects.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

// What at least one of the blocks has, of this family; as Set::networks wants it.
std::vector<AddressRange> ranges_of(const std::vector<IpBlock>& blocks, base::Family family);

}  // namespace catena::netpol
