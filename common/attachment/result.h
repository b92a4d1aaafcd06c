// What the result of an ADD says of one attachment.
#pragma once

#include <optional>
#include <vector>

#include "common/base/ip.h"
#include "common/cni/types.h"

namespace catena::attachment {

// The addresses of the pod's interface; empty without a result.
std::vector<base::IpAddress> addresses_in(const std::optional<cni::AddResult>& result,
                                          const cni::Attachment& attachment);

// The interface of the attachment inside the sandbox; null where the result has none.
const cni::Interface* pod_interface_in(const std::optional<cni::AddResult>& result,
                                       const cni::Attachment& attachment);

// Whether the interface is a NIC of the pod's own: its next hop is the vSwitch's gateway.
bool has_own_nic(const std::optional<cni::AddResult>& result, const cni::Attachment& attachment);

// Whether it is a veth of ours: its host end is in the result too.
bool is_ours(const std::optional<cni::AddResult>& result, const cni::Attachment& attachment);

}  // namespace catena::attachment
