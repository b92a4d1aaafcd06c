#include "sim/dataplane/named_netns.h"

#include <cerrno>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <sys/mount.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "common/base/error_list.h"
#include "common/base/unique_fd.h"
#include "common/netlink/socket.h"

namespace catena::sim {
namespace {

constexpr const char* kDirectory = "/run/netns";

base::Status check_name(const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find_first_of(" \n") != std::string::npos) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "network namespace '" + name + "': not a name that /run/netns can hold");
  }
  return {};
}

// As iproute2 sets it up: a mount of its own whose changes are seen in every mount namespace, so
// that a name that is taken away does not live on in one where somebody runs `ip netns exec`.
base::Status ensure_directory() {
  if (::mkdir(kDirectory, 0755) != 0 && errno != EEXIST) {
    return base::Error::from_errno(errno, std::string("create ") + kDirectory);
  }
  if (::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) {
    return {};
  }
  if (errno != EINVAL) {  // EINVAL: it is no mount point yet
    return base::Error::from_errno(errno, std::string("share ") + kDirectory);
  }
  if (::mount(kDirectory, kDirectory, "none", MS_BIND | MS_REC, nullptr) != 0 ||
      ::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) != 0) {
    return base::Error::from_errno(errno, std::string("mount ") + kDirectory + " on itself");
  }
  return {};
}

// In a thread of its own: the namespace is the thread's until it is mounted.
int unshare_and_mount(const std::string& path) {
  int failure = 0;
  std::thread([&path, &failure] {
    if (::unshare(CLONE_NEWNET) != 0 ||
        ::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) {
      failure = errno;
    }
  }).join();
  return failure;
}

base::Status remove_name(const std::string& name) {
  const std::string path = netns_path(name);
  if (::umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) {
    return base::Error::from_errno(errno, "unmount " + path);
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return base::Error::from_errno(errno, "remove " + path);
  }
  return {};
}

base::Status bring_lo_up(const netlink::NetNs& netns) {
  netlink::Socket socket = TRY(netlink::Socket::open_in(netns));
  const netlink::Link lo = TRY(socket.find_link("lo"));
  return socket.send(netlink::set_link(lo, {.up = true}));
}

base::Result<std::uint64_t> inode_of(const netlink::NetNs& netns) {
  struct stat identity {};
  if (::fstat(netns.fd(), &identity) != 0) {
    return base::Error::from_errno(errno, "fstat a network namespace");
  }
  return std::uint64_t{identity.st_ino};
}

base::Result<netlink::NetNs> make(StateDir& state, const std::string& name) {
  const std::string path = netns_path(name);
  const int failure = unshare_and_mount(path);
  if (failure != 0) {
    return base::Error::from_errno(failure, "create network namespace " + name)
        .advice("run as root");
  }
  netlink::NetNs netns = TRY(netlink::NetNs::open(path));
  const std::uint64_t inode = TRY(inode_of(netns));
  TRY(state.made(name, inode));
  TRY(bring_lo_up(netns));
  return netns;
}

base::Status remove_leftover(const RecordedNetns& leftover, std::uint32_t port_group) {
  const base::Result<netlink::NetNs> netns = netlink::NetNs::open(netns_path(leftover.name));
  if (netns.ok()) {
    if (leftover.inode && *leftover.inode != TRY(inode_of(*netns))) {
      return {};  // somebody else's by now
    }
    netlink::Socket socket = TRY(netlink::Socket::open_in(*netns));
    TRY(socket.send(netlink::delete_links_of_group(port_group)));
    return remove_name(leftover.name);
  }
  // A file without a namespace mounted on it: the process died between the two.
  if (netns.error().is(base::ErrorKind::kBadNetns) && !leftover.inode) {
    return remove_name(leftover.name);
  }
  return {};
}

}  // namespace

std::string netns_path(const std::string& name) { return std::string(kDirectory) + "/" + name; }

base::Result<netlink::NetNs> create_named_netns(StateDir& state, const std::string& name) {
  TRY(check_name(name));
  TRY(ensure_directory());
  const std::string path = netns_path(name);
  if (::access(path.c_str(), F_OK) == 0) {
    return base::Error(base::ErrorKind::kExists, "create network namespace " + name + ": exists")
        .advice("remove it (ip netns delete " + name +
                ") if nobody needs it, or give the simulation other names");
  }
  TRY(state.about_to_make(name));
  // O_EXCL: a name that somebody took meanwhile stays his.
  base::Result<base::UniqueFd> file = base::open_file(path, O_RDONLY | O_CREAT | O_EXCL, 0444);
  base::ErrorList failures;
  if (!file.ok()) {
    failures.add(std::move(file).error().as(base::ErrorKind::kInternal));
    failures.add(state.removed(name));
    return failures.to_status().context("create network namespace " + name).error();
  }
  base::Result<netlink::NetNs> made = make(state, name);
  if (!made.ok()) {
    failures.add(std::move(made).error().as(base::ErrorKind::kInternal));
    failures.add(remove_named_netns(state, name));
    return failures.to_status().error();
  }
  return made;
}

base::Status remove_named_netns(StateDir& state, const std::string& name) {
  TRY(remove_name(name));
  return state.removed(name);
}

base::Result<int> remove_leftovers(StateDir& state, std::uint32_t port_group) {
  const std::vector<RecordedNetns> leftovers = TRY(state.recorded());
  base::ErrorList failures;
  for (const RecordedNetns& leftover : leftovers) {
    failures.add(remove_leftover(leftover, port_group)
                     .context("remove network namespace " + leftover.name +
                              " of a simulation that was killed"));
  }
  TRY(failures.to_status());
  TRY(state.forget_all());
  return static_cast<int>(leftovers.size());
}

}  // namespace catena::sim
