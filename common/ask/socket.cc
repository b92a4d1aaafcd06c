#include "common/ask/socket.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace catena::ask {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using base::UniqueFd;

constexpr std::size_t kMostAnswer = std::size_t{1} << 20U;  // bytes of a line

bool nobody_there(int error) {
  return error == ENOENT || error == ECONNREFUSED || error == ENOTDIR || error == EACCES;
}
bool has_ended(int error) { return error == EPIPE || error == ECONNRESET; }

// Waits until `events` are there. kTryAgain when the time is over.
Status wait_for(int fd, short events, const base::Deadline& deadline) {
  while (true) {
    pollfd ready{fd, events, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(deadline.left().count()));
    if (polled > 0) {
      return {};
    }
    if (polled == 0) {
      return Error(ErrorKind::kTryAgain, "the agent did not answer in time")
          .advice("look into the log of catena-agent");
    }
    if (errno != EINTR) {
      return Error::from_errno(errno, "wait for the agent");
    }
  }
}

// An invalid descriptor when nobody listens.
Result<UniqueFd> connect_to(const std::string& path, const base::Deadline& deadline) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error(ErrorKind::kIo, "the path of the agent's socket is too long: " + path);
  }
  path.copy(address.sun_path, path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return Error::from_errno(errno, "make a socket");
  }
  while (true) {
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      return fd;
    }
    if (nobody_there(errno)) {
      return UniqueFd();
    }
    // Its queue of callers is full (EAGAIN), which no descriptor tells the end of.
    if (errno != EAGAIN && errno != EINTR) {
      return Error::from_errno(errno, "connect to " + path);
    }
    if (deadline.passed()) {
      return Error(ErrorKind::kTryAgain, "the agent takes no more callers at " + path);
    }
    ::poll(nullptr, 0, 5);
  }
}

Status is_roots(int fd, const std::string& path) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Error::from_errno(errno, "ask who listens at " + path);
  }
  if (peer.uid != 0) {
    return Error(ErrorKind::kIo,
                 "user " + std::to_string(peer.uid) + " listens at " + path + ", not the agent")
        .advice("find out who made that socket, and remove it");
  }
  return {};
}

// False when the other side has ended.
Result<bool> send_all(int fd, std::string_view data, const base::Deadline& deadline) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd, POLLOUT, deadline));
    } else if (has_ended(errno)) {
      return false;
    } else if (errno != EINTR) {
      return Error::from_errno(errno, "write to the agent");
    }
  }
  return true;
}

Result<std::optional<std::string>> read_line(int fd, const base::Deadline& deadline) {
  std::string line;
  std::array<char, 4096> buffer{};
  while (line.size() <= kMostAnswer) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && has_ended(errno))) {
      return std::optional<std::string>();
    }
    if (count < 0 && errno == EAGAIN) {
      TRY(wait_for(fd, POLLIN, deadline));
    } else if (count < 0 && errno != EINTR) {
      return Error::from_errno(errno, "read the agent's answer");
    }
    if (count > 0) {
      line.append(buffer.data(), static_cast<std::size_t>(count));
    }
    if (const std::size_t end = line.find('\n'); end != std::string::npos) {
      line.resize(end);
      return std::optional<std::string>(std::move(line));
    }
  }
  return Error(ErrorKind::kUndecodable, "the agent's answer is longer than 1 MiB");
}

}  // namespace

Result<std::optional<std::string>> exchange(const std::string& path, std::string_view line,
                                            const base::Deadline& deadline) {
  const UniqueFd fd = TRY(connect_to(path, deadline));
  if (!fd.valid()) {
    return std::optional<std::string>();
  }
  TRY(is_roots(fd.get(), path));
  if (!TRY(send_all(fd.get(), std::string(line) + "\n", deadline))) {
    return std::optional<std::string>();
  }
  return read_line(fd.get(), deadline);
}

}  // namespace catena::ask
