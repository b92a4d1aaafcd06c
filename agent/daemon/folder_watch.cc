#include "agent/daemon/folder_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/file.h"

namespace catena::agent {

using base::Error;
using base::Result;
using base::Status;

Result<std::unique_ptr<FolderWatch>> FolderWatch::open_later(WatchedFolder folder, Loop& loop,
                                                             Loop::Action changed) {
  base::UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return Error::from_errno(errno, "watch " + folder.path);
  }
  std::unique_ptr<FolderWatch> watch(
      new FolderWatch(std::move(fd), std::move(folder), loop, std::move(changed)));
  FolderWatch* const self = watch.get();
  TRY(loop.watch(watch->fd_.get(), EPOLLIN, [self] { self->read(); }));
  return watch;
}

Result<std::unique_ptr<FolderWatch>> FolderWatch::open(WatchedFolder folder, Loop& loop,
                                                       Loop::Action changed) {
  TRY(base::make_directories(folder.path));
  std::unique_ptr<FolderWatch> watch = TRY(open_later(std::move(folder), loop, std::move(changed)));
  TRY(watch->renew());
  watch->is_ours_ = true;
  return watch;
}

Status FolderWatch::renew() {
  // The directory, not the file: one that is rewritten is another one. The same directory again is
  // the same watch.
  const std::uint32_t events = folder_.changes == WatchedFolder::Changes::kNames
                                   ? IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM
                                   : IN_MODIFY | IN_MOVED_TO;
  return ::inotify_add_watch(fd_.get(), folder_.path.c_str(), events | IN_ONLYDIR) < 0
             ? Status(Error::from_errno(errno, "watch " + folder_.path))
             : Status();
}

// Whoever writes there next says why it can't be made.
void FolderWatch::make_anew() {
  if (base::make_directories(folder_.path).ok()) {
    (void)renew();
  }
}

void FolderWatch::read() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool changed = false;
  bool is_gone = false;
  ssize_t size = 0;
  while ((size = ::read(fd_.get(), buffer.data(), buffer.size())) > 0) {
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      changed = changed || folder_.file.empty() || (event.mask & IN_Q_OVERFLOW) != 0 ||
                (event.len != 0 && name == folder_.file);
      is_gone = is_gone || (event.mask & IN_IGNORED) != 0;
      at += sizeof event + event.len;
    }
  }
  if (is_gone && is_ours_) {
    make_anew();
    changed = true;
  }
  if (changed) {
    changed_();
  }
}

}  // namespace catena::agent
