// Store and simulated cloud, compared.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/ipam/store.h"
#include "sim/world.h"

namespace catena::crash {

// Addresses by ENI, those of blocks included; of every ENI but the instances' own.
using EniAddresses = std::map<std::string, std::set<std::string>>;
EniAddresses addresses_in_cloud(const sim::World& world);

// One line for each thing the cloud has and the store does not know, or the other way round, for
// what nobody owns, and for what was begun and not brought to an end.
std::vector<std::string> differences(const sim::World& world, ipam::Store& store);

}  // namespace catena::crash
