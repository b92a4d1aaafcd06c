// The command line of `catena-agent call`.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include "agent/call.h"
#include "agent/node_options.h"
#include "agent/registry.h"
#include "common/base/fields.h"

namespace catena::agent {
namespace {

using Json = nlohmann::json;

cxxopts::Options options_of_call() {
  cxxopts::Options options("catena-agent", "One duty, once: its result as JSON on stdout.\n");
  options.custom_help("call DUTY").positional_help("[--args JSON | options of the duty]");
  options.add_options()("command", "", cxxopts::value<std::string>()->default_value(""))(
      "duty", "", cxxopts::value<std::string>()->default_value(""));
  add_node_options(options.add_options("all duties"), "auto");
  options.add_options("all duties")("deadline", "seconds for all of it, 1 to 3600",
                                    cxxopts::value<int>()->default_value("120"))(
      "args", "arguments as a JSON object, as on the socket (docs/agent.md)",
      cxxopts::value<std::string>())("help", "print this");
  options.add_options("route.ensure, route.remove")("cidr", "podCIDR; may be given several times",
                                                    cxxopts::value<std::vector<std::string>>())(
      "table", "route table, where the VPC has several", cxxopts::value<std::string>());
  options.add_options("grow, release")("eni", "the ENI; grow without it makes a new one",
                                       cxxopts::value<std::string>())(
      "ipv4", "addresses wanted, of a new ENI beside its primary one", cxxopts::value<int>())(
      "ipv6", "the same of IPv6", cxxopts::value<int>())(
      "mode", "of a new ENI: shared or exclusive", cxxopts::value<std::string>())(
      "for", "what it is for, for people", cxxopts::value<std::string>())(
      "address", "to be released; may be given several times; without it the whole ENI",
      cxxopts::value<std::vector<std::string>>());
  options.parse_positional({"command", "duty"});
  return options;
}

template <typename Value>
void put(Json& args, const cxxopts::ParseResult& parsed, const char* option, const char* key) {
  if (parsed.count(option) != 0) {
    args[key] = parsed[option].as<Value>();
  }
}

// The options that stand for a key of the arguments, under that key.
Json args_of_options(const cxxopts::ParseResult& parsed) {
  Json args = Json::object();
  for (const char* name : {"table", "eni", "mode", "for"}) {
    put<std::string>(args, parsed, name, name);
  }
  put<int>(args, parsed, "ipv4", "ipv4");
  put<int>(args, parsed, "ipv6", "ipv6");
  put<std::vector<std::string>>(args, parsed, "cidr", "cidrs");
  put<std::vector<std::string>>(args, parsed, "address", "addresses");
  return args;
}

base::Result<std::string> args_of(const cxxopts::ParseResult& parsed) {
  Json args = args_of_options(parsed);
  if (parsed.count("args") == 0) {
    return base::print_json(args);
  }
  if (!args.empty()) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "--args and '" + args.begin().key() + "' given both");
  }
  return parsed["args"].as<std::string>();
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena-agent: %s (catena-agent call --help)\n", why.c_str());
  return Exit::kUsage;
}

void print_help(const cxxopts::Options& options) {
  std::printf("%s\n duties:\n",
              options.help({"all duties", "route.ensure, route.remove", "grow, release"}).c_str());
  for (const DutyKind& duty : duties()) {
    std::printf("  %-16s %s\n", std::string(duty.name).c_str(), std::string(duty.purpose).c_str());
  }
}

Exit parse_and_run(int argc, char** argv) {
  cxxopts::Options options = options_of_call();
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    print_help(options);
    return Exit::kDone;
  }
  if (!parsed.unmatched().empty()) {
    return usage("unexpected argument '" + parsed.unmatched().front() + "'");
  }
  const int deadline = parsed["deadline"].as<int>();
  if (deadline < 1 || deadline > 3600) {
    return usage("--deadline " + std::to_string(deadline) + ", expected 1 to 3600 seconds");
  }
  const base::Result<NodeOptions> node = node_options_of(parsed);
  if (!node.ok()) {
    return usage(node.error().text());
  }
  base::Result<std::string> args = args_of(parsed);
  if (!args.ok()) {
    return usage(args.error().text());
  }
  return run({.duty = parsed["duty"].as<std::string>(),
              .args = std::move(args).value(),
              .node = *node,
              .deadline = std::chrono::seconds(deadline)});
}

}  // namespace

Exit call_main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    return usage(error.what());
  }
}

}  // namespace catena::agent
