#include "agent/daemon/store_watch.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/file.h"

namespace catena::agent {

using base::Error;

base::Result<std::unique_ptr<StoreWatch>> StoreWatch::open(const std::string& directory,
                                                           std::string file, Loop& loop,
                                                           Loop::Action changed) {
  TRY(base::make_directories(directory));
  base::UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) {
    return Error::from_errno(errno, "watch " + directory);
  }
  // The directory: a file that is rewritten is another one.
  if (::inotify_add_watch(fd.get(), directory.c_str(), IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    return Error::from_errno(errno, "watch " + directory);
  }
  std::unique_ptr<StoreWatch> watch(
      new StoreWatch(std::move(fd), std::move(file), loop, std::move(changed)));
  StoreWatch* const self = watch.get();
  TRY(loop.watch(watch->fd_.get(), EPOLLIN, [self] { self->read(); }));
  return watch;
}

void StoreWatch::read() {
  alignas(inotify_event) std::array<char, 4096> buffer{};
  bool changed = false;
  ssize_t size = 0;
  while ((size = ::read(fd_.get(), buffer.data(), buffer.size())) > 0) {
    for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* const name = buffer.data() + at + sizeof event;
      changed = changed || (event.mask & IN_Q_OVERFLOW) != 0 ||
                (event.len != 0 && (file_.empty() || name == file_));
      at += sizeof event + event.len;
    }
  }
  if (changed) {
    changed_();
  }
}

}  // namespace catena::agent
