#include "agent/devices/folder_watch.h"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace catena::devices {

using base::Error;

base::Result<std::unique_ptr<FolderWatch>> FolderWatch::open(std::string path, agent::Loop& loop,
                                                             agent::Loop::Action changed) {
  base::UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return Error::from_errno(errno, "watch " + path);
  }
  std::unique_ptr<FolderWatch> watch(
      new FolderWatch(std::move(fd), std::move(path), loop, std::move(changed)));
  FolderWatch* const self = watch.get();
  TRY(loop.watch(watch->fd_.get(), EPOLLIN, [self] { self->read(); }));
  return watch;
}

base::Status FolderWatch::renew() {
  // The same directory again is the same watch.
  constexpr std::uint32_t kEvents =
      IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;
  return ::inotify_add_watch(fd_.get(), path_.c_str(), kEvents) < 0
             ? base::Status(Error::from_errno(errno, "watch " + path_))
             : base::Status();
}

void FolderWatch::read() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  while (::read(fd_.get(), buffer.data(), buffer.size()) > 0) {
  }
  changed_();
}

}  // namespace catena::devices
