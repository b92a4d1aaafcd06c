// catena-agent: what of Catena needs the cloud, as one-shot calls.
#include <cstdio>
#include <string>

#include <cxxopts.hpp>

#include "agent/call.h"

namespace {

using catena::agent::Call;
using catena::agent::Exit;

cxxopts::Options options_of_call() {
  cxxopts::Options options("catena-agent", "One duty, once: its result as JSON on stdout.");
  options.positional_help("call describe|grow|release|recover|route.ensure|route.remove");
  options.add_options()("command", "", cxxopts::value<std::string>()->default_value(""))(
      "duty", "", cxxopts::value<std::string>()->default_value(""));
  options.add_options("all duties")(
      "state-dir", "the store", cxxopts::value<std::string>()->default_value("/var/lib/catena"))(
      "eni-conf", "eni.conf; without this /etc/eni/eni.json where that is there",
      cxxopts::value<std::string>()->default_value(""))(
      "cluster", "tag of this cluster's ENIs; CATENA_CLUSTER, then 'default'",
      cxxopts::value<std::string>()->default_value(""))(
      "deadline", "seconds for all of it, 1 to 3600", cxxopts::value<int>()->default_value("120"))(
      "version", "print the release")("help", "print this");
  options.add_options("route.ensure, route.remove")(
      "cidr", "podCIDR; may be given several times",
      cxxopts::value<std::vector<std::string>>()->default_value(""))(
      "table", "route table, where the VPC has several",
      cxxopts::value<std::string>()->default_value(""));
  options.add_options("grow, release")("eni", "the ENI; grow without it makes a new one",
                                       cxxopts::value<std::string>()->default_value(""))(
      "ipv4", "addresses wanted, of a new ENI beside its primary one",
      cxxopts::value<int>()->default_value("0"))("ipv6", "the same of IPv6",
                                                 cxxopts::value<int>()->default_value("0"))(
      "mode", "of a new ENI: shared or exclusive",
      cxxopts::value<std::string>()->default_value("shared"))(
      "for", "what it is for, for people", cxxopts::value<std::string>()->default_value(""))(
      "address", "to be released; may be given several times; without it the whole ENI",
      cxxopts::value<std::vector<std::string>>()->default_value(""));
  options.parse_positional({"command", "duty"});
  return options;
}

std::vector<std::string> without_empty(std::vector<std::string> texts) {
  std::erase(texts, std::string());
  return texts;
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena-agent: %s (catena-agent --help)\n", why.c_str());
  return Exit::kUsage;
}

Exit run(int argc, char** argv) {
  cxxopts::Options options = options_of_call();
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    std::printf(
        "%s", options.help({"all duties", "route.ensure, route.remove", "grow, release"}).c_str());
    return Exit::kDone;
  }
  if (parsed.count("version") != 0) {
    std::printf("catena-agent %s\n", CATENA_VERSION);
    return Exit::kDone;
  }
  if (!parsed.unmatched().empty()) {
    return usage("unexpected argument '" + parsed.unmatched().front() + "'");
  }
  if (parsed["command"].as<std::string>() != "call") {
    return usage("expected the command 'call'");
  }
  const int deadline = parsed["deadline"].as<int>();
  if (deadline < 1 || deadline > 3600) {
    return usage("--deadline " + std::to_string(deadline) + ", expected 1 to 3600 seconds");
  }
  const std::string state_dir = parsed["state-dir"].as<std::string>();
  if (!state_dir.starts_with('/')) {
    return usage("--state-dir '" + state_dir + "', expected an absolute path");
  }
  Call call;
  call.duty = parsed["duty"].as<std::string>();
  call.node.state_dir = state_dir;
  call.node.eni_conf = parsed["eni-conf"].as<std::string>();
  call.node.cluster = parsed["cluster"].as<std::string>();
  call.deadline = std::chrono::seconds(deadline);
  call.cidrs = without_empty(parsed["cidr"].as<std::vector<std::string>>());
  call.table = parsed["table"].as<std::string>();
  call.eni = parsed["eni"].as<std::string>();
  call.addresses = without_empty(parsed["address"].as<std::vector<std::string>>());
  call.ipv4 = parsed["ipv4"].as<int>();
  call.ipv6 = parsed["ipv6"].as<int>();
  call.mode = parsed["mode"].as<std::string>();
  call.purpose = parsed["for"].as<std::string>();
  return catena::agent::run(call);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const cxxopts::exceptions::exception& error) {
    return static_cast<int>(usage(error.what()));
  }
}
