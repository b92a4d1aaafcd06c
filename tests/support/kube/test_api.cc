// catena-test-api: the test API server as a program, for demos and for tests of whole nodes.
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include <cxxopts.hpp>

#include "common/base/file.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/kube/load_objects.h"

namespace {

using catena::test::ApiServer;

cxxopts::Options options() {
  cxxopts::Options options(
      "catena-test-api",
      "A Kubernetes API server for tests on 127.0.0.1, until it is interrupted: get, list, watch,\n"
      "create, replace, patch and delete of the built-in kinds that Catena cares for. No\n"
      "admission, no controllers; everything is in memory.\n");
  cxxopts::OptionAdder add = options.add_options();
  add("folder", "*.json files with the objects that are there at first",
      cxxopts::value<std::string>()->default_value(""), "DIR");
  add("port", "0: any that is free", cxxopts::value<int>()->default_value("0"), "N");
  add("kubeconfig", "is written there, for clients",
      cxxopts::value<std::string>()->default_value(""), "FILE");
  add("token", "that clients must show; without it anybody is served",
      cxxopts::value<std::string>()->default_value(""), "TEXT");
  add("tls", "HTTPS, with certificates made for this run");
  add("netns",
      "also on 127.0.0.1 inside this network namespace (a file, or a name of ip-netns(8)); "
      "may be given several times",
      cxxopts::value<std::vector<std::string>>()->default_value(""), "NETNS");
  add("h,help", "this text");
  return options;
}

int fail(const std::string& why) {
  (void)std::fprintf(stderr, "catena-test-api: %s\n", why.c_str());
  return 1;
}

catena::base::Status prepare(ApiServer& server, const cxxopts::ParseResult& given) {
  for (const auto& netns : given["netns"].as<std::vector<std::string>>()) {
    if (!netns.empty()) {
      TRY(server.serve_inside(netns.starts_with('/') ? netns : "/run/netns/" + netns));
    }
  }
  server.require_token(given["token"].as<std::string>());
  const auto folder = given["folder"].as<std::string>();
  if (!folder.empty()) {
    const int count = TRY(catena::test::load_objects(folder, server.objects()));
    (void)std::printf("%d objects of %s\n", count, folder.c_str());
  }
  const auto kubeconfig = given["kubeconfig"].as<std::string>();
  if (!kubeconfig.empty()) {
    TRY(catena::base::replace_file(kubeconfig, catena::test::kubeconfig_of(server.config())));
  }
  return {};
}

int run(int argc, char** argv) {
  cxxopts::Options known = options();
  const cxxopts::ParseResult given = known.parse(argc, argv);
  if (given.count("help") != 0) {
    (void)std::fputs(known.help().c_str(), stdout);
    return 0;
  }
  if (!given.unmatched().empty()) {
    return fail("unexpected argument '" + given.unmatched().front() + "' (--help)");
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  ApiServer server({.port = given["port"].as<int>(), .tls = given.count("tls") != 0});
  if (server.certificates() != nullptr && !server.certificates()->good()) {
    return fail("make certificates: " + server.certificates()->trouble());
  }
  if (server.port() < 0) {
    return fail("port " + std::to_string(given["port"].as<int>()) + " is not to be had");
  }
  if (const catena::base::Status prepared = prepare(server, given); !prepared.ok()) {
    return fail(prepared.error().text());
  }
  (void)std::printf("%s\nready\n", server.url().c_str());
  (void)std::fflush(stdout);
  int signal = 0;
  ::sigwait(&signals, &signal);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const cxxopts::exceptions::exception& error) {
    return fail(std::string(error.what()) + " (--help)");
  }
}
