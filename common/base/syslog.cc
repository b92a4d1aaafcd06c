#include "common/base/syslog.h"

#include <cerrno>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace catena::base {

void send_to_syslog(const std::string& socket, int priority, const std::string& program,
                    const std::string& line) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const std::string text = "<" + std::to_string(LOG_DAEMON | priority) + ">" + program + "[" +
                           std::to_string(::getpid()) + "]: " + line;
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  if (::sendto(fd.get(), text.data(), text.size(), MSG_NOSIGNAL, to, sizeof address) < 0 &&
      errno == EPROTOTYPE) {  // it takes streams
    ::openlog(program.c_str(), LOG_PID, LOG_DAEMON);
    ::syslog(priority, "%s", line.c_str());
  }
}

}  // namespace catena::base
