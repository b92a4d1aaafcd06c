// Undoing an ADD: the one way it is done by DEL, by GC and by an ADD that fails.
#pragma once

#include "common/base/result.h"
#include "common/netpol/record.h"

namespace catena::policy {

// Shuts the pod's guards, takes its rules away once they are shut, then its record; with or without
// namespace, link and record, on any partial state. What a pod with a NIC of its own has inside
// goes too, where its namespace is there. The agent is not needed: it sees the record go.
base::Status tear_down(const netpol::Records& records, const netpol::Record& record);

}  // namespace catena::policy
