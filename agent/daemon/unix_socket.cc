#include "agent/daemon/unix_socket.h"

#include <cerrno>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::UniqueFd;

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!path.starts_with('/') || path.size() >= sizeof address.sun_path) {
    return Error(ErrorKind::kBadEnvironment,
                 "socket '" + path + "': expected an absolute path of less than " +
                     std::to_string(sizeof address.sun_path) + " bytes");
  }
  path.copy(address.sun_path, path.size());
  return address;
}

Result<UniqueFd> make_socket() {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return Error::from_errno(errno, "make a socket");
  }
  return fd;
}

}  // namespace

Result<UniqueFd> listen_at(const std::string& path, int backlog) {
  const sockaddr_un address = TRY(address_of(path));
  UniqueFd fd = TRY(make_socket());
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, "remove the old socket " + path);
  }
  const mode_t old = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int failed = errno;
  ::umask(old);
  if (bound != 0) {
    return Error::from_errno(failed, "bind the socket " + path);
  }
  if (::listen(fd.get(), backlog) != 0) {
    return Error::from_errno(errno, "listen at " + path);
  }
  return fd;
}

Result<UniqueFd> connect_to(const std::string& path) {
  const sockaddr_un address = TRY(address_of(path));
  UniqueFd fd = TRY(make_socket());
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return fd;
  }
  const int failed = errno;
  Error error = Error::from_errno(failed, "connect to " + path);
  return failed == ECONNREFUSED ? std::move(error).as(ErrorKind::kTryAgain) : std::move(error);
}

}  // namespace catena::agent
