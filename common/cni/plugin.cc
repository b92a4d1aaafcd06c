#include "common/cni/plugin.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/cni/error_codes.h"
#include "common/cni/result.h"
#include "common/cni/version.h"

namespace catena::cni {
namespace {

using base::Error;
using base::ErrorKind;
using base::LogLevel;
using base::Result;
using base::Status;

// For what was thrown: no memory may be left to say more.
constexpr std::string_view kInternalError =
    "{\"cniVersion\":\"1.1.0\",\"code\":999,\"msg\":\"internal error: an exception was thrown\","
    "\"details\":\"the plugin's log says which\"}\n";

std::string about(const Plugin& plugin) {
  return std::string(plugin.name) + " " + std::string(plugin.release) + ": " +
         std::string(plugin.about) + "\nCNI protocol versions supported: " + supported_versions() +
         "\n";
}

std::string version_answer() {
  nlohmann::json answer{{"cniVersion", to_string(kLatestVersion)}};
  for (const Version version : kVersions) {
    answer["supportedVersions"].push_back(to_string(version));
  }
  return base::print_json(answer) + "\n";
}

// Refuses the namespace that the plugin itself is in: a stale path would make ADD and DEL rebuild
// the node's own network. What cannot be looked at is left to the verb.
Status check_netns(const Args& args, const Environment& environment) {
  const std::string override_value = environment("CNI_NETNS_OVERRIDE").value_or("");
  if (args.netns.empty() || override_value == "1" ||
      base::equal_ignoring_case(override_value, "true")) {
    return {};
  }
  struct stat own {};
  struct stat given {};
  if (::stat("/proc/self/ns/net", &own) != 0 || ::stat(args.netns.c_str(), &given) != 0 ||
      own.st_dev != given.st_dev || own.st_ino != given.st_ino) {
    return {};
  }
  return Error(ErrorKind::kBadNetns,
               "CNI_NETNS '" + args.netns + "' is the plugin's own network namespace")
      .advice("the path must lead to the pod's namespace; CNI_NETNS_OVERRIDE=1 allows this one");
}

// One call of a runtime, from its environment to the text for stdout.
class Call {
 public:
  Call(const Plugin& plugin, const Environment& environment, base::Log& log)
      : plugin_(plugin), environment_(environment), log_(log) {}

  Result<std::string> run(int in) {
    args_ = TRY(read_args(environment_));
    if (args_.command == Command::kVersion) {
      return version_answer();
    }
    config_ = TRY(read_stdin(in));
    if (args_.command == Command::kAdd || args_.command == Command::kCheck ||
        args_.command == Command::kDel) {
      TRY(check_netns(args_, environment_));
    }
    return run_verb({args_, config_, &log_});
  }

  // An ADD whose result the runtime never got: undone, as any ADD that failed.
  Status take_back_add() {
    return args_.command == Command::kAdd ? plugin_.del({args_, config_, &log_}) : Status();
  }

  Version version() const { return version_; }

  // "ADD network=vpc container=... ifname=eth0 pod=default/web", as far as it is known.
  std::string subject() const {
    std::string text = environment_("CNI_COMMAND").value_or("");
    const auto add = [&text](std::string_view name, const std::string& value) {
      if (!value.empty()) {
        text += " " + std::string(name) + "=" + value;
      }
    };
    add("network", config_.name);
    add("container", args_.attachment.container_id);
    add("ifname", args_.attachment.if_name);
    add("pod", args_.pod.to_string());
    return text;
  }

  std::string passed_over() const {
    return passed_over_.empty() ? "" : "; passed over: " + base::join(passed_over_, "; ");
  }

  LogLevel level_of_success() const {
    if (!passed_over_.empty()) {
      return LogLevel::kWarning;
    }
    // Runtimes ask for these every few seconds.
    const bool polled = args_.command == Command::kVersion || args_.command == Command::kStatus;
    return polled ? LogLevel::kDebug : LogLevel::kInfo;
  }

 private:
  Result<NetworkConfig> read_stdin(int in) {
    const std::string text = TRY(base::read_all(in, kMostInput, "network configuration on stdin"));
    const auto read_json = [&text]() {
      return base::parse_json(text, kMostInput).context("network configuration on stdin");
    };
    auto json = std::make_shared<const nlohmann::json>(TRY(read_json()));
    const Preamble preamble = preamble_of(*json);
    version_ = preamble.version;
    log_.set_level(preamble.log_level);
    if (!preamble.log_file.empty()) {
      log_.to_file(preamble.log_file);
    }
    return read_config(std::move(json), args_.command, &passed_over_);
  }

  Result<std::string> run_verb(const Request& request) {
    switch (args_.command) {
      case Command::kAdd: {
        const AddResult result = TRY(plugin_.add(request));
        return base::print_json(result_to_json(result, version_)) + "\n";
      }
      case Command::kDel:
        TRY(plugin_.del(request));
        break;
      case Command::kCheck:
        TRY(plugin_.check(request));
        break;
      case Command::kGc:
        TRY(plugin_.gc(request));
        break;
      case Command::kStatus:
        TRY(plugin_.status(request));
        break;
      case Command::kVersion:
        break;
    }
    return std::string();
  }

  const Plugin& plugin_;
  const Environment& environment_;
  base::Log& log_;
  Args args_;
  NetworkConfig config_;
  Version version_ = kLatestVersion;
  std::vector<std::string> passed_over_;
};

void write_line(base::Log& log, LogLevel level, const std::string& line) {
  switch (level) {
    case LogLevel::kDebug:
      return log.debug(line);
    case LogLevel::kInfo:
      return log.info(line);
    case LogLevel::kWarning:
      return log.warning(line);
    case LogLevel::kError:
      return log.error(line);
  }
}

std::string milliseconds(std::chrono::steady_clock::duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms",
                std::chrono::duration<double, std::milli>(duration).count());
  return text;
}

struct Answer {
  std::string out;  // for stdout
  bool success = false;
  LogLevel level = LogLevel::kError;
  std::string outcome;  // for the log
};

Answer answer_of(Call& call, int in) {
  Result<std::string> result = call.run(in);
  if (result.ok()) {
    return {std::move(result).value(), true, call.level_of_success(), "ok" + call.passed_over()};
  }
  const Error& error = result.error();
  return {error_json(error, call.version()) + "\n", false, LogLevel::kError,
          "failed with code " + std::to_string(code_of(error.kind())) + ": " + error.text() +
              call.passed_over()};
}

// As answer_of, but gives what the verb threw as an outcome without a text for stdout.
Answer answer_or_exception(Call& call, int in) {
  try {
    return answer_of(call, in);
  } catch (const std::exception& exception) {
    return {.outcome = std::string("exception: ") + exception.what()};
  } catch (...) {
    return {.outcome = "exception of an unknown type"};
  }
}

int run_call(const Plugin& plugin, const Environment& environment, int in, int out, bool& printed) {
  const auto start = std::chrono::steady_clock::now();
  base::Log log{std::string(plugin.name)};
  Call call(plugin, environment, log);
  const Answer answer = answer_or_exception(call, in);
  const bool thrown = answer.out.empty() && !answer.success;
  const Status written =
      base::write_all(out, thrown ? kInternalError : std::string_view(answer.out), "stdout");
  printed = true;
  const std::string line =
      call.subject() + " " + milliseconds(std::chrono::steady_clock::now() - start) + ": ";
  write_line(log, answer.level, line + answer.outcome);
  if (!written.ok()) {
    log.error(line + "the answer is lost: " + written.error().text());
    if (const Status undone = answer.success ? call.take_back_add() : Status(); !undone.ok()) {
      log.error(line + "undo the ADD: " + undone.error().text());
    }
  }
  return answer.success && written.ok() ? 0 : 1;
}

// A closed standard descriptor would be given to the next file that is opened, and the answer
// written into that. Those put in its place fail as a closed one does.
void occupy_standard_descriptors() {
  for (const auto& [fd, flags] :
       {std::pair{STDIN_FILENO, O_WRONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_RDONLY}}) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      ::open("/dev/null", flags);  // NOLINT(android-cloexec-open): as a standard descriptor is
    }
  }
}

int print(int fd, const std::string& text) {
  return base::write_all(fd, text, "standard descriptor").ok() ? 0 : 1;
}

int run_arguments(const Plugin& plugin, std::string_view argument) {
  if (argument == "--version" || argument == "--help") {
    return print(STDOUT_FILENO, about(plugin));
  }
  print(STDERR_FILENO, "unknown argument " + std::string(argument) +
                           "; a CNI plugin is run by a container runtime\n" + about(plugin));
  return 1;
}

}  // namespace

int run_plugin(const Plugin& plugin, const Environment& environment, int in, int out, int err) {
  bool printed = false;
  try {
    if (environment("CNI_COMMAND").value_or("").empty()) {
      return print(err, about(plugin));
    }
    return run_call(plugin, environment, in, out, printed);
  } catch (...) {
    if (!printed && ::write(out, kInternalError.data(), kInternalError.size()) < 0) {
      return 1;
    }
    return 1;
  }
}

int plugin_main(const Plugin& plugin, int argc, char** argv) {
  occupy_standard_descriptors();
  // A runtime that closed its end of stdout is told by the exit status, not by a signal.
  ::signal(SIGPIPE, SIG_IGN);
  try {
    if (argc > 1) {
      return run_arguments(plugin, argv[1]);
    }
    return run_plugin(plugin, process_environment(), STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
  } catch (...) {
    return 1;
  }
}

}  // namespace catena::cni
