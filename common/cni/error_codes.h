// The one place where an error gets its code of the CNI spec ("Error").
#pragma once

#include <string>

#include "common/base/error.h"
#include "common/cni/types.h"

namespace catena::cni {

int code_of(base::ErrorKind kind);

// {"cniVersion", "code", "msg", "details"}; details is the error's advice, left out where there is
// none. One line of valid UTF-8.
std::string error_json(const base::Error& error, Version version);

}  // namespace catena::cni
