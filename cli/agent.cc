#include "cli/agent.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/conflist.h"
#include "cli/lint.h"
#include "cli/program.h"
#include "common/base/clock.h"
#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using Json = nlohmann::json;

constexpr std::size_t kMostAnswer = std::size_t{8} << 20U;
// Beyond the duty's own deadline: it answers that it could not end in time.
constexpr std::chrono::seconds kMargin{5};
// docs/agent.md: the same call may succeed later.
constexpr int kLaterStatus = 3;
constexpr int kUsageStatus = 2;

// Nothing where nobody listens.
base::Result<std::optional<base::UniqueFd>> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return Error(ErrorKind::kBadConfig, "CATENA_SOCKET is too long for a socket: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) {
    return Error::from_errno(errno, "open a socket");
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) {
      return std::optional<base::UniqueFd>();
    }
    return Error::from_errno(errno, "connect to the agent at " + path);
  }
  return std::optional(std::move(fd));
}

base::Result<std::string> read_line(int fd, const base::Deadline& deadline) {
  std::string line;
  std::array<char, 16384> buffer{};
  while (line.find('\n') == std::string::npos && line.size() < kMostAnswer) {
    pollfd ready{fd, POLLIN, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(deadline.left().count()));
    if (polled < 0 && errno == EINTR) {
      continue;
    }
    if (polled <= 0) {
      return Error(ErrorKind::kTryAgain, "the agent did not answer in time");
    }
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno != EINTR) {
      return Error::from_errno(errno, "read the agent's answer");
    }
    if (got == 0) {
      break;
    }
    line.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }
  return line;
}

Error error_in(const Json& error) {
  const std::string kind = text_in(error, "kind");
  const ErrorKind as = kind == "try-again"     ? ErrorKind::kTryAgain
                       : kind == "bad-config"  ? ErrorKind::kBadConfig
                       : kind == "unsupported" ? ErrorKind::kUnsupported
                       : kind == "not-found"   ? ErrorKind::kNotFound
                                               : ErrorKind::kInternal;
  return Error(as, text_in(error, "text"))
      .code(text_in(error, "code"))
      .advice(text_in(error, "advice"));
}

base::Result<Json> ask_socket(int fd, const Options& options, const std::string& duty,
                              const Json& args) {
  const Json request{{"duty", duty},
                     {"args", args},
                     {"deadlineMs", std::chrono::milliseconds(options.deadline).count()}};
  TRY(base::write_all(fd, base::print_json(request) + "\n", "the agent's socket"));
  const base::Deadline deadline(options.deadline + kMargin);
  const std::string line = TRY(read_line(fd, deadline));
  const Json answer = Json::parse(line, nullptr, false);
  if (answer.is_object() && answer.contains("result")) {
    return answer["result"];
  }
  if (answer.is_object() && answer.contains("error")) {
    return error_in(answer["error"]);
  }
  return Error(ErrorKind::kTryAgain, "the agent ended without an answer to " + duty)
      .advice("its log says why: journalctl -t catena-agent, or kubectl logs");
}

base::Result<Json> ask_one_shot(const Options& options, const std::string& duty, const Json& args) {
  const std::vector<std::string> places = plugin_directories(options);
  const std::string program = find_program(places, "catena-agent");
  if (program.empty()) {
    return Error(ErrorKind::kNotFound, "no agent answers at " + agent_socket() +
                                           ", and catena-agent is in none of " +
                                           base::join(places, ", "))
        .advice("start the agent, or say with --bin-dir where its program is");
  }
  std::vector<std::string> words{program,
                                 "call",
                                 duty,
                                 "--state-dir",
                                 options.state_dir,
                                 "--deadline",
                                 std::to_string(options.deadline.count())};
  if (!args.empty()) {
    words.insert(words.end(), {"--args", base::print_json(args)});
  }
  if (!options.eni_conf.empty()) {
    words.insert(words.end(), {"--eni-conf", options.eni_conf});
  }
  const Ended ended = TRY(run_program(
      {.words = words, .input = "", .environment = {}, .patience = options.deadline + kMargin}));
  if (ended.status != 0) {
    std::string said(base::trim(ended.err));
    said = said.substr(said.rfind('\n') + 1);
    const ErrorKind kind = ended.status == kLaterStatus   ? ErrorKind::kTryAgain
                           : ended.status == kUsageStatus ? ErrorKind::kBadConfig
                                                          : ErrorKind::kInternal;
    return Error(
        kind, said.empty() ? program + " ended with status " + std::to_string(ended.status) : said);
  }
  return base::parse_json(ended.out, kMostAnswer).context("what " + program + " printed");
}

}  // namespace

std::string agent_socket() {
  const char* const named = std::getenv("CATENA_SOCKET");
  return named != nullptr && *named != '\0' ? named : "/run/catena/agent.sock";
}

base::Result<bool> agent_answers() { return TRY(connect_to(agent_socket())).has_value(); }

base::Result<Json> ask_agent(const Options& options, const std::string& duty, const Json& args) {
  const std::optional<base::UniqueFd> agent = TRY(connect_to(agent_socket()));
  return agent ? ask_socket(agent->get(), options, duty, args) : ask_one_shot(options, duty, args);
}

}  // namespace catena::cli
