// Bringing the store to say of an ENI what the cloud says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/duty.h"
#include "agent/intents.h"

namespace catena::agent {

struct Agreement {
  bool gone = false;                       // the ENI does not exist
  bool detached = false;                   // it exists, but this instance does not have it
  std::vector<base::IpAddress> addresses;  // what it has
  std::vector<base::IpAddress> adopted;    // of these, what the store did not know
  std::vector<base::IpAddress> forgotten;  // what the store had and the cloud does not
  std::vector<base::IpAddress> lost;       // the same, but a pod holds it
};

// Record::note of an address that a pod holds and its ENI does not have any more: nobody gets it
// after that pod.
inline constexpr std::string_view kLostNote = "the ENI has lost it";

// Looks once what was changed last must be visible; what seems to be gone is looked for twice.
// Adds to the store what it lacks, drops what is gone (what a pod holds is noted and reported
// instead), frees what `ended` had reserved, and ends `ended`: one transaction. An ENI that is gone
// goes from the store with its addresses. `ended` may be null.
base::Result<Agreement> agree(Duty& duty, const std::string& eni, const ipam::Intent* ended);

// The same for several, which are waited for once; in the order of `enis`, each with its own end.
std::vector<base::Result<Agreement>> agree(Duty& duty, const std::vector<std::string>& enis);

}  // namespace catena::agent
