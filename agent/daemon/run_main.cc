// The command line of `catena-agent run`.
#include <cstdio>
#include <string>
#include <vector>

#include <cxxopts.hpp>

#include "agent/daemon/daemon.h"
#include "agent/node_options.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

cxxopts::Options options_of_run() {
  cxxopts::Options options(
      "catena-agent",
      "Keeps the node's pool, collects garbage, mends what is lost, and answers the plugins at "
      "/run/catena/agent.sock (CATENA_SOCKET), until SIGTERM. SIGHUP: eni.conf and conflist are "
      "read anew.\n");
  options.custom_help("run").positional_help("[OPTION...]");
  options.add_options()("command", "", cxxopts::value<std::string>()->default_value(""));
  add_node_options(options.add_options("all"), "none");
  options.add_options("all")("listen", "metrics and health; or none",
                             cxxopts::value<std::string>()->default_value("127.0.0.1:19109"))(
      "conflist", "FROM:TO; FROM is copied to TO when the node can serve a pod",
      cxxopts::value<std::string>()->default_value(""))(
      "cni-bin", "where the plugins are; may be given several times",
      cxxopts::value<std::vector<std::string>>()->default_value("/opt/cni/bin"))(
      "pool",
      "what is kept in stock: on (addresses of shared ENIs, and idle ENIs), enis (the latter "
      "alone), or off",
      cxxopts::value<std::string>()->default_value("on"))(
      "policy",
      "NetworkPolicies of this node's pods in the kernel: on, which is the default with --api, or "
      "off",
      cxxopts::value<std::string>())(
      "policy-backend",
      "firewall that NetworkPolicies are written into: auto, nftables or iptables",
      cxxopts::value<std::string>()->default_value("auto"))(
      "policy-revoke",
      "connections that run already when a policy comes to forbid them: on (they are cut; needs "
      "nftables) or off (they go on)",
      cxxopts::value<std::string>()->default_value("off"))(
      "advertise-eni",
      "status: aliyun/eni in the node's status, for nodes without the device "
      "plugin; or none",
      cxxopts::value<std::string>()->default_value("none"))("help", "print this");
  options.parse_positional({"command"});
  return options;
}

Result<ConflistPlan> conflist_of(const std::string& text, const std::vector<std::string>& bins) {
  ConflistPlan plan;
  plan.cni_path = bins;
  if (text.empty()) {
    return plan;
  }
  const std::size_t colon = text.find(':');
  plan.from = text.substr(0, colon);
  plan.to = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  if (!plan.from.starts_with('/') || !plan.to.starts_with('/')) {
    return Error(ErrorKind::kBadConfig,
                 "--conflist '" + text + "', expected two absolute paths, FROM:TO");
  }
  return plan;
}

Result<Pool> pool_of(const std::string& text) {
  if (text == "on") {
    return Pool::kAll;
  }
  if (text == "enis") {
    return Pool::kEnis;
  }
  if (text == "off") {
    return Pool::kNothing;
  }
  return Error(ErrorKind::kBadConfig, "--pool '" + text + "', expected on, enis or off");
}

Result<bool> wants_policy(const cxxopts::ParseResult& parsed, const std::string& api) {
  const bool has_api = api != "none";
  if (parsed.count("policy") == 0) {
    return has_api;
  }
  const std::string text = parsed["policy"].as<std::string>();
  if (text != "on" && text != "off") {
    return Error(ErrorKind::kBadConfig, "--policy '" + text + "', expected on or off");
  }
  if (text == "on" && !has_api) {
    return Error(ErrorKind::kBadConfig, "--policy on needs --api");
  }
  return text == "on";
}

Status read_policy(const cxxopts::ParseResult& parsed, DaemonOptions& options) {
  options.policy = TRY(wants_policy(parsed, options.node.api));
  const std::string backend = parsed["policy-backend"].as<std::string>();
  const auto known = firewall::backend_of(backend);
  if (!known.has_value()) {
    return Error(ErrorKind::kBadConfig,
                 "--policy-backend '" + backend + "', expected auto, nftables or iptables");
  }
  options.policy_backend = *known;
  const std::string revoke = parsed["policy-revoke"].as<std::string>();
  options.policy_revoke = revoke == "on";
  if (revoke != "on" && revoke != "off") {
    return Error(ErrorKind::kBadConfig, "--policy-revoke '" + revoke + "', expected on or off");
  }
  if (options.policy_revoke && *known == firewall::Backend::kIptables) {
    return Error(ErrorKind::kBadConfig,
                 "--policy-revoke on: the back end iptables can't cut connections that run, only "
                 "nftables can");
  }
  return {};
}

Result<DaemonOptions> daemon_options_of(const cxxopts::ParseResult& parsed) {
  DaemonOptions options;
  options.node = TRY(node_options_of(parsed));
  options.listen = parsed["listen"].as<std::string>();
  options.conflist = TRY(conflist_of(parsed["conflist"].as<std::string>(),
                                     parsed["cni-bin"].as<std::vector<std::string>>()));
  options.pool = TRY(pool_of(parsed["pool"].as<std::string>()));
  TRY(read_policy(parsed, options));
  const std::string advertise = parsed["advertise-eni"].as<std::string>();
  options.advertise_enis = advertise == "status";
  if (advertise != "status" && advertise != "none") {
    return Error(ErrorKind::kBadConfig,
                 "--advertise-eni '" + advertise + "', expected status or none");
  }
  if (options.advertise_enis && options.node.api == "none") {
    return Error(ErrorKind::kBadConfig, "--advertise-eni status needs --api");
  }
  return options;
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena-agent: %s (catena-agent run --help)\n", why.c_str());
  return Exit::kUsage;
}

Exit parse_and_run(int argc, char** argv) {
  cxxopts::Options options = options_of_run();
  const cxxopts::ParseResult parsed = options.parse(argc, argv);
  if (parsed.count("help") != 0) {
    std::printf("%s", options.help({"all"}).c_str());
    return Exit::kDone;
  }
  if (!parsed.unmatched().empty()) {
    return usage("unexpected argument '" + parsed.unmatched().front() + "'");
  }
  const Result<DaemonOptions> daemon = daemon_options_of(parsed);
  return daemon.ok() ? run_daemon(*daemon) : usage(daemon.error().text());
}

}  // namespace

Exit run_main(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    return usage(error.what());
  }
}

}  // namespace catena::agent
