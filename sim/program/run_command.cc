#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/unique_fd.h"
#include "sim/program/commands.h"
#include "sim/program/simulation.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestScene = std::size_t{16} << 20U;
constexpr int kMostNodes = 1000;
constexpr std::string_view kUsualPrefix = "sim";

cxxopts::Options options() {
  cxxopts::Options options("catena-sim run", "A VPC in a box, until it is interrupted.");
  cxxopts::OptionAdder add = options.add_options();
  add("scene", "what it starts with (sim/README.md)", cxxopts::value<std::string>(), "FILE");
  add("nodes", "so many machines, without a scene", cxxopts::value<int>()->default_value("2"), "N");
  add("listen", "where the OpenAPI is served outside the nodes; port 0: any that is free",
      cxxopts::value<std::string>()->default_value("127.0.0.1:8180"), "ADDRESS:PORT");
  add("state", "its directory; one simulation each",
      cxxopts::value<std::string>()->default_value(kDefaultStateDir), "DIR");
  add("prefix", "what names of network namespaces begin with",
      cxxopts::value<std::string>()->default_value(std::string(kUsualPrefix)), "WORD");
  add("seed", "of everything random; drawn and printed where it is not given",
      cxxopts::value<std::uint64_t>(), "N");
  add("no-plane", "no namespaces and links, only the APIs");
  add("virtual-time", "time passes only as calls take it and as `ctl advance` says");
  add("h,help", "this text");
  return options;
}

base::Error bad_option(const std::string& name, const std::string& given, const char* wanted) {
  return {base::ErrorKind::kBadConfig, "--" + name + " '" + given + "': not " + wanted};
}

base::Result<Scene> scene_of(const cxxopts::ParseResult& given) {
  if (given.count("scene") != 0 && given.count("nodes") != 0) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "--nodes and --scene: a scene has its own number of nodes (key \"nodes\")");
  }
  if (given.count("scene") != 0) {
    const auto path = given["scene"].as<std::string>();
    const std::string text = TRY(base::read_file(path, kLongestScene));
    const json parsed = TRY(base::parse_json(text, kLongestScene).context(path));
    return parse_scene(parsed).context(path);
  }
  const int nodes = given["nodes"].as<int>();
  if (nodes < 0 || nodes > kMostNodes) {
    return bad_option("nodes", std::to_string(nodes), "a number from 0 to 1000");
  }
  return default_scene(nodes);
}

base::Status set_address(const std::string& given, SimulationOptions& options) {
  const std::size_t colon = given.rfind(':');
  std::string address = given.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  }
  const base::Result<base::IpAddress> parsed = base::IpAddress::parse(address);
  const std::string port = colon == std::string::npos ? "" : given.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 &&
                      port.find_first_not_of("0123456789") == std::string::npos;
  if (!parsed.ok() || !digits || std::stoi(port) > 65535) {
    return bad_option("listen", given, "an address and a port, like 127.0.0.1:8180");
  }
  options.address = *parsed;
  options.port = static_cast<std::uint16_t>(std::stoi(port));
  return {};
}

// "sim-node-1" of a scene becomes "<prefix>-node-1".
void rename_nodes(Scene& scene, const std::string& prefix) {
  const std::string usual = std::string(kUsualPrefix) + "-";
  for (SceneInstance& instance : scene.instances) {
    if (instance.netns.starts_with(usual)) {
      instance.netns = prefix + "-" + instance.netns.substr(usual.size());
    }
  }
}

base::Result<SimulationOptions> simulation_of(const cxxopts::ParseResult& given) {
  SimulationOptions options;
  options.scene = TRY(scene_of(given));
  TRY(set_address(given["listen"].as<std::string>(), options));
  options.state_dir = given["state"].as<std::string>();
  options.prefix = given["prefix"].as<std::string>();
  if (options.prefix.empty() || options.prefix.find_first_of("/ \n") != std::string::npos) {
    return bad_option("prefix", options.prefix, "a word that a file name can begin with");
  }
  rename_nodes(options.scene, options.prefix);
  options.plane = given.count("no-plane") == 0;
  options.virtual_time = given.count("virtual-time") != 0;
  if (given.count("seed") != 0) {
    options.scene.seed = given["seed"].as<std::uint64_t>();
  } else if (given.count("scene") == 0) {
    options.scene.seed = std::random_device()();
  }
  return options;
}

void print_environment(const char* where, const json& environment) {
  std::string line;
  for (const auto& [name, value] : environment.items()) {
    line += " " + name + "=" + value.get<std::string>();
  }
  (void)std::printf("%s%s\n", where, line.c_str());
}

void print_reach(const json& reach) {
  (void)std::printf(
      "seed      %s\nregion    %s\nOpenAPI   http://%s\norders    catena-sim ctl --state %s\n",
      reach["seed"].dump().c_str(), reach["region"].get<std::string>().c_str(),
      reach["endpoint"].get<std::string>().c_str(), reach["state"].get<std::string>().c_str());
  print_environment("here     ", reach["environment"]);
  if (reach.contains("environmentInNodes")) {
    (void)std::printf("metadata  http://%s (inside the nodes)\n", kMetadataAddress);
    print_environment("in nodes ", reach["environmentInNodes"]);
  }
  for (const json& node : reach["nodes"]) {
    (void)std::printf("node      %s %s %s%s\n", node["id"].get<std::string>().c_str(),
                      node["name"].get<std::string>().c_str(),
                      node.value("address", std::string("-")).c_str(),
                      node.contains("netns")
                          ? ("  ip netns exec " + node["netns"].get<std::string>() + " ...").c_str()
                          : "");
  }
  (void)std::puts("ready");
  (void)std::fflush(stdout);
}

// SIGINT, SIGTERM and SIGHUP as a descriptor; blocked in every thread that starts after this.
base::Result<base::UniqueFd> stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    sigaddset(&signals, signal);
  }
  if (::pthread_sigmask(SIG_BLOCK, &signals, nullptr) != 0) {
    return base::Error::from_errno(errno, "block signals");
  }
  base::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) {
    return base::Error::from_errno(errno, "signalfd");
  }
  return fd;
}

// A node takes four descriptors; the usual soft limit of 1024 would do for 250.
base::Status raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return base::Error::from_errno(errno, "getrlimit");
  }
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return base::Error::from_errno(errno, "setrlimit");
  }
  return {};
}

base::Status run(const cxxopts::ParseResult& given) {
  TRY(raise_descriptor_limit());
  SimulationOptions wanted = TRY(simulation_of(given));
  const base::UniqueFd stop = TRY(stop_signals());
  const std::unique_ptr<Simulation> simulation = TRY(Simulation::start(std::move(wanted)));
  print_reach(simulation->reach());
  return simulation->run_until(stop.get());
}

}  // namespace

int run_command(int argc, char** argv) {
  cxxopts::Options known = options();
  std::optional<cxxopts::ParseResult> given;
  try {
    given = known.parse(argc, argv);
  } catch (const cxxopts::exceptions::exception& wrong) {
    (void)std::fprintf(stderr, "catena-sim run: %s\n", wrong.what());
    return 2;
  }
  if (given->count("help") != 0) {
    (void)std::fputs(known.help().c_str(), stdout);
    return 0;
  }
  if (!given->unmatched().empty()) {
    (void)std::fprintf(stderr, "catena-sim run: what is '%s'?\n",
                       given->unmatched().front().c_str());
    return 2;
  }
  const base::Status done = run(*given);
  if (!done.ok()) {
    (void)std::fprintf(stderr, "catena-sim: %s\n", done.error().text().c_str());
    return 1;
  }
  return 0;
}

}  // namespace catena::sim
