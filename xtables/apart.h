// Work in a process of its own: for libxtables, which has one family for its whole life and ends
// the process that it fails in.
#pragma once

#include <functional>
#include <string>

#include "common/base/result.h"

namespace catena::xtables {

// What `work` returns in a child of this process, which has ended by then. `what` begins the error
// of a child that ends without a word.
base::Result<std::string> apart(const std::string& what,
                                const std::function<base::Result<std::string>()>& work);

// In such a child: ends it, with this as its error.
[[noreturn]] void end_apart(const std::string& message);

}  // namespace catena::xtables
