#include "agent/daemon/stream.h"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace catena::agent {

Stream::~Stream() { loop_.forget(fd_.get()); }

base::Status Stream::open(Loop::Action came, Loop::Action closed) {
  came_ = std::move(came);
  closed_ = std::move(closed);
  events_ = EPOLLIN;
  return loop_.watch(fd_.get(), events_, [this] { on_ready(); });
}

void Stream::on_ready() {
  if (events_ == 0) {
    close();  // what always is told: EPOLLHUP and EPOLLERR
    return;
  }
  flush();
  if (fd_.valid()) {
    read();
  }
}

void Stream::read() {
  std::array<char, 4096> buffer{};
  bool more = false;
  while (!ended_ && !closing_ && !input_full()) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      break;
    }
    ended_ = count <= 0;
    more = true;
    input_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
  if (more) {
    came_();
  }
  set_events();  // there may be room again
}

void Stream::send(std::string_view data) {
  output_ += data;
  flush();
}

void Stream::close_when_sent() {
  closing_ = true;
  flush();
}

void Stream::flush() {
  while (fd_.valid() && !output_.empty()) {
    const ssize_t count =
        ::send(fd_.get(), output_.data(), output_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && errno == EAGAIN) {
      break;
    }
    if (count < 0) {
      close();
      return;
    }
    output_.erase(0, static_cast<std::size_t>(count));
  }
  if (fd_.valid() && closing_ && output_.empty()) {
    close();
    return;
  }
  set_events();
}

void Stream::set_events() {
  if (!fd_.valid()) {
    return;
  }
  const bool wants_input = !ended_ && !closing_ && !input_full();
  const std::uint32_t events = (wants_input ? std::uint32_t{EPOLLIN} : 0U) |
                               (output_.empty() ? 0U : std::uint32_t{EPOLLOUT});
  if (events == events_) {
    return;
  }
  events_ = events;
  if (!loop_.watch(fd_.get(), events, [this] { on_ready(); }).ok()) {
    close();
  }
}

void Stream::close() {
  if (fd_.valid()) {
    loop_.forget(fd_.get());
    fd_.reset();
    closed_();
  }
}

base::Status Listener::open() {
  return loop_.watch(fd_.get(), EPOLLIN, [this] { accept_all(); });
}

void Listener::accept_all() {
  while (true) {
    base::UniqueFd fd(::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      accepted_(std::move(fd));
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      // The connection stays in the queue, so the socket stays readable: not now, but soon.
      loop_.forget(fd_.get());
      loop_.after(Loop::Millis(200), [this] { (void)open(); });
    }
    if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

}  // namespace catena::agent
