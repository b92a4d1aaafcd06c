#include "common/cloud/environment.h"

#include <cstdlib>

#include "common/base/text.h"

namespace catena::cloud {

Environment process_environment() {
  return [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  };
}

bool is_on(const std::string& value) {
  return base::equal_ignoring_case(value, "true") || base::equal_ignoring_case(value, "yes") ||
         base::equal_ignoring_case(value, "on") || value == "1";
}

}  // namespace catena::cloud
