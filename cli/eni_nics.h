// Where the NICs of exclusive ENIs are: on the node, or in the pod that has the ENI.
#pragma once

#include <string>
#include <vector>

#include "cli/findings.h"
#include "cli/options.h"
#include "common/base/result.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"

namespace catena::cli {

// Nothing where no pod has it.
const ipam::Record* holder_of(const ipam::Eni& eni, const std::vector<ipam::Record>& records);

// "eth0", in the namespace of `holder`; empty where it is not there.
base::Result<std::string> nic_in_pod(const ipam::Eni& eni, const ipam::Record& holder);

// Frees what the owner holds; an ENI of its own once its NIC is home.
base::Result<std::vector<ipam::Record>> release_all(ipam::Store& store, const ipam::Owner& owner);

// What is not where it should be; empty: nothing. Asks the kernel of this node and of its pods.
base::Result<Findings> misplaced_nics(netlink::Socket& node, const std::vector<ipam::Eni>& enis,
                                      const std::vector<ipam::Record>& records);

}  // namespace catena::cli
