#include "cli/agent.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>

#include <nlohmann/json.hpp>

#include "cli/lint.h"
#include "common/ask/duty.h"
#include "common/base/fields.h"
#include "common/base/unique_fd.h"

namespace catena::cli {

using base::Error;

std::string agent_socket() {
  const char* const named = std::getenv(ask::kSocketVariable);
  return named != nullptr ? named : ask::kSocket;
}

base::Result<bool> agent_answers() {
  const std::string path = agent_socket();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error(base::ErrorKind::kBadConfig,
                 std::string(ask::kSocketVariable) + " is too long for a socket: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return Error::from_errno(errno, "open a socket");
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return true;
  }
  if (errno == ENOENT || errno == ECONNREFUSED) {
    return false;
  }
  return Error::from_errno(errno, "connect to the agent at " + path);
}

base::Result<nlohmann::json> ask_agent(const Options& options, const std::string& duty,
                                       const nlohmann::json& args) {
  return ask::duty({.duty = duty,
                    .args = base::print_json(args),
                    .state_dir = options.state_dir,
                    .eni_conf = options.eni_conf,
                    .cni_path = plugin_directories(options)},
                   options.deadline);
}

}  // namespace catena::cli
