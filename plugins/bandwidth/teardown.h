// Undoing an ADD: the one way it is done by DEL and by GC.
#pragma once

#include "common/base/result.h"
#include "common/shaping/record.h"

namespace catena::bandwidth {

// Removes the record, then the limits, with or without the pod's namespace, on any partial state.
// The record need not exist, and its pipes need not be known.
base::Status tear_down(const shaping::Records& records, shaping::Record record);

}  // namespace catena::bandwidth
