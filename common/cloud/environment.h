// Environment variables, as a value that tests can replace.
#pragma once

#include <functional>
#include <string>

namespace catena::cloud {

// The value of a variable; empty where it is not set: an empty variable counts as absent.
using Environment = std::function<std::string(const std::string& name)>;

// The process's own.
Environment process_environment();

// "true", "1", "yes" or "on", whatever the case.
bool is_on(const std::string& value);

}  // namespace catena::cloud
