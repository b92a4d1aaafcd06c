// The codes of the OpenAPI and what each means; only error_class.cc asks.
#pragma once

#include <string_view>

#include "common/cloud/error_class.h"

namespace catena::cloud {

// The row of `code`, else that of the longest family it is of; null where there is none.
const Verdict* find_verdict(std::string_view code);

}  // namespace catena::cloud
