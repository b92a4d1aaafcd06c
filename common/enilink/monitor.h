// Hears from the kernel when somebody removes or changes what the source routing of ENIs needs, and
// mends it at once.
#pragma once

#include <functional>
#include <memory>

#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "common/enilink/repair.h"

namespace catena::enilink {

// For one event loop, in the thread and namespace of open().
class Monitor {
 public:
  // `wanted` gives what should be there by now; it is asked only after something happened that may
  // be a loss, and its errors end up in Repair::failed.
  using Wanted = std::function<base::Result<State>()>;
  // Mends what else there is, after that and however that went.
  using More = std::function<base::Result<Repair>(const Kernel&)>;
  // Without nf_tables only links, addresses, routes and rules are watched.
  static base::Result<Monitor> open(Wanted wanted, More more = {});
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  // Readable when step() has something to do.
  int fd() const;
  // Reads what was heard, and where that may be a loss compares and mends: at once, but no more
  // than five times a second when somebody keeps undoing it. Does not wait for anything but the
  // kernel. Empty lists: nothing of ours was touched.
  base::Result<Repair> step();
  // Compares and mends whatever was heard: at start, and once in a while.
  base::Result<Repair> repair();

 private:
  struct Parts;
  explicit Monitor(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace catena::enilink
