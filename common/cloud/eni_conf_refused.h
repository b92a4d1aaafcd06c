// Keys of Terway's eni_conf that Catena does not do.
#pragma once

#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::cloud {

// kBadConfig that names every key asking for something Catena does not do, each with the reason.
// A key that is there but off (false, 0, "", [], {}) is accepted: nothing is asked for.
base::Status refuse_what_is_not_done(base::Fields& fields);

}  // namespace catena::cloud
