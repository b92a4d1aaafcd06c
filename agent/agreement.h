// Bringing the store to say of an ENI what the cloud says.
#pragma once

#include <string>
#include <vector>

#include "agent/duty.h"
#include "agent/intents.h"

namespace catena::agent {

struct Agreement {
  bool gone = false;                       // the ENI does not exist
  std::vector<base::IpAddress> addresses;  // what it has
  std::vector<base::IpAddress> adopted;    // of these, what the store did not know
  std::vector<base::IpAddress> forgotten;  // what the store had and the cloud does not
};

// Looks once what was changed last must be visible; what seems to be gone is looked for twice.
// Adds to the store what it lacks, drops what is gone (what a pod holds is reported instead), frees
// what `ended` had reserved, and ends `ended`: one transaction. An ENI that is gone goes from the
// store with its addresses. `ended` may be null.
base::Result<Agreement> agree(Duty& duty, const std::string& eni, const ipam::Intent* ended);

}  // namespace catena::agent
