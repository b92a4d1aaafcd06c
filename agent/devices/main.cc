// catena-device-plugin: tells kubelet how many pods of this node can have an ENI of their own.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <sys/epoll.h>

#include <cxxopts.hpp>

#include "agent/daemon/signals.h"
#include "agent/devices/plugin.h"
#include "common/base/file.h"

namespace catena::devices {
namespace {

using base::Status;

enum class Exit { kDone = 0, kFailed = 1, kUsage = 2 };

// One that is being replaced needs about as long to end.
constexpr std::chrono::seconds kPatience{5};

cxxopts::Options make_options() {
  cxxopts::Options options(
      "catena-device-plugin",
      "Tells kubelet how many pods of this node can have an ENI of their own (aliyun/eni), as the "
      "agent at /run/catena/agent.sock (CATENA_SOCKET) says or said last, until SIGTERM.\n");
  const PluginOptions usual;
  options.add_options()("kubelet-dir", "where kubelet's sockets for device plugins are",
                        cxxopts::value<std::string>()->default_value(usual.kubelet_dir))(
      "state-dir", "the store; what was offered last is kept there",
      cxxopts::value<std::string>()->default_value(usual.state_dir))(
      "eni-conf", "eni.conf, for disable_device_plugin",
      cxxopts::value<std::string>()->default_value(usual.eni_conf))(
      "ask-again", "seconds between two questions to the agent, 1 to 3600",
      cxxopts::value<int>()->default_value("30"))("version", "print the version")("help",
                                                                                  "print this");
  return options;
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena-device-plugin: %s (catena-device-plugin --help)\n", why.c_str());
  return Exit::kUsage;
}

// Ends the process itself where it began to serve: a thread that waits for the agent is not waited
// for.
Status serve(const PluginOptions& options, base::Log& log) {
  const base::UniqueFd signals = TRY(agent::open_signals({SIGTERM, SIGINT}));
  TRY(base::make_directories(options.state_dir));
  const base::FileLock lock = TRY(
      base::FileLock::acquire(options.state_dir + "/device-plugin.lock", base::Deadline(kPatience))
          .context("only one device plugin can serve a node"));
  const std::unique_ptr<agent::Loop> loop = TRY(agent::Loop::open());
  agent::Loop* const runs = loop.get();
  TRY(loop->watch(signals.get(), EPOLLIN, [runs] { runs->stop(); }));
  const std::unique_ptr<Plugin> plugin = TRY(Plugin::open(options, *loop, log));
  const Status status = loop->run();
  log.info("ending");
  plugin->close();
  std::_Exit(static_cast<int>(status.ok() ? Exit::kDone : Exit::kFailed));
}

Exit run(const PluginOptions& options) {
  // The thread that asks the agent needs no heap of its own.
  ::mallopt(M_ARENA_MAX, 1);
  std::signal(SIGPIPE, SIG_IGN);
  base::Log log("catena-device-plugin");
  log.to_stderr();
  const Status status = serve(options, log);
  log.error("does not start: " + status.error().text());
  return Exit::kFailed;
}

Exit parse_and_run(int argc, char** argv) {
  cxxopts::Options options = make_options();
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    std::printf("%s", options.help().c_str());
    return Exit::kDone;
  }
  if (parsed.count("version") != 0) {
    std::printf("catena-device-plugin %s\n", CATENA_VERSION);
    return Exit::kDone;
  }
  if (!parsed.unmatched().empty()) {
    return usage("unexpected argument '" + parsed.unmatched().front() + "'");
  }
  PluginOptions chosen;
  for (const auto& [name, value] :
       {std::pair("kubelet-dir", &chosen.kubelet_dir), std::pair("state-dir", &chosen.state_dir),
        std::pair("eni-conf", &chosen.eni_conf)}) {
    *value = parsed[name].as<std::string>();
    if (!value->starts_with('/')) {
      return usage("--" + std::string(name) + " '" + *value + "', expected an absolute path");
    }
  }
  const int seconds = parsed["ask-again"].as<int>();
  if (seconds < 1 || seconds > 3600) {
    return usage("--ask-again " + std::to_string(seconds) + ", expected 1 to 3600 seconds");
  }
  chosen.ask_again = std::chrono::seconds(seconds);
  return run(chosen);
}

}  // namespace
}  // namespace catena::devices

int main(int argc, char** argv) {
  using catena::devices::usage;
  try {
    return static_cast<int>(catena::devices::parse_and_run(argc, argv));
  } catch (const cxxopts::exceptions::exception& error) {
    return static_cast<int>(usage(error.what()));
  }
}
