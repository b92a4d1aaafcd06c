// A NetworkPolicy by chance. Internal to random_cluster.
#pragma once

#include <string>
#include <vector>

#include "tests/support/netpol/cluster.h"
#include "tests/support/netpol/random.h"

namespace catena::test::netpol {

// `addresses`: what ipBlocks are laid around.
nlohmann::json random_policy(Random& random, const std::string& name,
                             const std::vector<std::string>& addresses);

const std::vector<std::string>& space_names();
const std::vector<std::string>& port_names();
nlohmann::json random_labels(Random& random);
// TCP, UDP, SCTP, or none where the object leaves it out.
void put_random_protocol(Random& random, nlohmann::json& port);

}  // namespace catena::test::netpol
