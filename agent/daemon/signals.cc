#include "agent/daemon/signals.h"

#include <cerrno>
#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace catena::agent {

using base::Error;
using base::Result;

Result<base::UniqueFd> open_signals(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) {
    ::sigaddset(&set, signal);
  }
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return Error::from_errno(errno, "block signals");
  }
  base::UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return fd.valid() ? Result<base::UniqueFd>(std::move(fd))
                    : Error::from_errno(errno, "listen to signals");
}

std::optional<int> next_signal(const base::UniqueFd& signals) {
  signalfd_siginfo info{};
  if (::read(signals.get(), &info, sizeof info) != ssize_t{sizeof info}) {
    return std::nullopt;
  }
  return static_cast<int>(info.ssi_signo);
}

}  // namespace catena::agent
