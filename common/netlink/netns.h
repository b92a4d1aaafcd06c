// Network namespaces: opened by path, compared, entered for a scope.
#pragma once

#include <string>
#include <utility>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::netlink {

class NetNs {
 public:
  // kNotFound where nothing is at `path`; kBadNetns where something else than a network namespace
  // is. Never creates, changes or locks the file.
  static base::Result<NetNs> open(const std::string& path);
  // The calling thread's.
  static base::Result<NetNs> current();

  int fd() const { return fd_.get(); }
  // The same namespace, by device and inode (ioctl_ns(2)).
  bool same_as(const NetNs& other) const {
    return device_ == other.device_ && inode_ == other.inode_;
  }

 private:
  NetNs(base::UniqueFd fd, unsigned long long device, unsigned long long inode)
      : fd_(std::move(fd)), device_(device), inode_(inode) {}

  base::UniqueFd fd_;
  unsigned long long device_;
  unsigned long long inode_;
};

// The calling thread is inside a namespace while this lives. The destructor goes home and aborts
// the process if it cannot: a thread in the wrong namespace must not go on. Not to be moved to
// another thread or to outlive the function that made it.
class ScopedNetNs {
 public:
  static base::Result<ScopedNetNs> enter(const NetNs& netns);
  ScopedNetNs(ScopedNetNs&& other) noexcept = default;
  ScopedNetNs& operator=(ScopedNetNs&&) = delete;
  ScopedNetNs(const ScopedNetNs&) = delete;
  ScopedNetNs& operator=(const ScopedNetNs&) = delete;
  ~ScopedNetNs();

 private:
  explicit ScopedNetNs(base::UniqueFd home) : home_(std::move(home)) {}
  base::UniqueFd home_;
};

}  // namespace catena::netlink
