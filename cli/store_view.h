// Reading the store for a person.
#pragma once

#include <vector>

#include "cli/options.h"
#include "common/base/result.h"
#include "common/ipam/store.h"

namespace catena::cli {

// kNotFound where there is no store yet.
base::Result<ipam::Store> open_store(const Options& options);

// Shared ENIs that a pod has an address of. Others are set up on the host when their first pod
// comes.
base::Result<std::vector<ipam::Eni>> enis_of_pods(ipam::Store& store);

// Whether a pod has the address, not a cloud call.
bool is_of_a_pod(const ipam::Record& record);

}  // namespace catena::cli
