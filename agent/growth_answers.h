// What the answers of duties that make pools grow have in common.
#pragma once

#include <mutex>
#include <optional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "agent/pool.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// The memory of this process, shared by its calls.
template <typename Memory>
class SharedMemory {
 public:
  Memory get() {
    const std::scoped_lock lock(mutex_);
    return memory_;
  }
  void set(const Memory& memory) {
    const std::scoped_lock lock(mutex_);
    memory_ = memory;
  }

 private:
  std::mutex mutex_;
  Memory memory_;
};

// The keys ipv4 (true where it is missing) and ipv6. `duty` is named in the error.
base::Result<Families> families_in(base::Fields& args, std::string_view duty);

// Adds the keys missing, why and code, where there is something to say.
void put_shortage(nlohmann::json& answer, int missing, const std::optional<base::Error>& why);

}  // namespace catena::agent
