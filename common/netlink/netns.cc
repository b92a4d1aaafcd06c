#include "common/netlink/netns.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

namespace catena::netlink {
namespace {

base::Error not_a_netns(const std::string& path) {
  return base::Error(base::ErrorKind::kBadNetns, "open netns " + path + ": not a network namespace")
      .advice(
          "give the path of a live one, such as /proc/<pid>/ns/net or /run/netns/<name>; an "
          "ordinary file there is what a namespace that was unmounted leaves behind");
}

}  // namespace

base::Result<NetNs> NetNs::open(const std::string& path) {
  // O_NONBLOCK: a FIFO of that name must not hold us up.
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    const int sys_errno = errno;
    base::Error error = base::Error::from_errno(sys_errno, "open netns " + path);
    if (sys_errno != ENOENT && sys_errno != ENOTDIR) {
      return error;
    }
    return std::move(error)
        .as(base::ErrorKind::kNotFound)
        .advice("the namespace is gone, or its path was never mounted");
  }
  struct statfs filesystem {};
  if (::fstatfs(fd.get(), &filesystem) != 0) {
    return base::Error::from_errno(errno, "fstatfs netns " + path);
  }
  if (filesystem.f_type != NSFS_MAGIC || ::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
    return not_a_netns(path);
  }
  struct stat identity {};
  if (::fstat(fd.get(), &identity) != 0) {
    return base::Error::from_errno(errno, "fstat netns " + path);
  }
  return NetNs(std::move(fd), identity.st_dev, identity.st_ino);
}

base::Result<NetNs> NetNs::current() { return open("/proc/thread-self/ns/net"); }

base::Result<ScopedNetNs> ScopedNetNs::enter(const NetNs& netns) {
  base::UniqueFd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!home.valid()) {
    return base::Error::from_errno(errno, "open /proc/thread-self/ns/net");
  }
  if (::setns(netns.fd(), CLONE_NEWNET) != 0) {
    return base::Error::from_errno(errno, "enter a network namespace");
  }
  return ScopedNetNs(std::move(home));
}

ScopedNetNs::~ScopedNetNs() {
  if (home_.valid() && ::setns(home_.get(), CLONE_NEWNET) != 0) {
    std::abort();
  }
}

}  // namespace catena::netlink
