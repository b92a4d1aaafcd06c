// Claiming an ENI, or addresses of one, for a pod: from the store, from a pool that grows where the
// store has none, and past ENIs that can't serve at the moment.
#pragma once

#include <functional>
#include <optional>

#include "common/attachment/grow.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"

namespace catena::attachment {

struct EniSource {
  Growth growth;
  // One transaction of the store; nothing where it has none.
  std::function<base::Result<std::optional<ipam::EniAttachment>>(ipam::Store& store,
                                                                 const ipam::EniClaim& wanted)>
      claim;
  // Makes the NIC of what was claimed usable. kNotFound: the node has none, so that the ENI is
  // passed over.
  std::function<base::Status(const ipam::EniAttachment& claimed)> make_ready;
  // Frees in the store what `owner` claimed.
  std::function<base::Status(ipam::Store& store, const ipam::Owner& owner)> give_back;
};

// The first that could be made ready. kTryAgain, with why each was passed over, when there is no
// other. After another error the claim stays, to be undone by the caller's rollback or DEL.
base::Result<ipam::EniAttachment> claim_ready(const cni::Request& request, ipam::Store& store,
                                              ipam::EniClaim wanted, const EniSource& source);

}  // namespace catena::attachment
