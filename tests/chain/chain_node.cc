#include "tests/chain/chain_node.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sstream>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/ipam/store.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

namespace fs = std::filesystem;

constexpr char kCniDirectory[] = "/var/lib/cni";

std::string read_text(const std::string& path) {
  const std::ifstream file(path);
  return (std::stringstream() << file.rdbuf()).str();
}

void must(bool ok, const char* what) {
  if (!ok) {
    std::perror(what);
    std::abort();
  }
}

// A mount namespace with an empty /var/lib/cni, so that the host's is never touched. Where the host
// has none, all of /var/lib is covered instead of making one there.
class PrivateMounts : public testing::Environment {
 public:
  void SetUp() override {
    must(::unshare(CLONE_NEWNS) == 0, "unshare(CLONE_NEWNS): these tests need root");
    must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "make / private");
    const char* const place = fs::exists(kCniDirectory) ? kCniDirectory : "/var/lib";
    must(::mount("tmpfs", place, "tmpfs", 0, "mode=755") == 0, "mount a tmpfs");
    fs::create_directories(kCniDirectory);
  }
};

const testing::Environment* const kPrivateMounts =
    testing::AddGlobalTestEnvironment(new PrivateMounts);  // NOLINT: gtest owns it

}  // namespace

ChainNode::ChainNode() : topology_("catena-vpc-route") {
  fs::remove_all(kCniDirectory + std::string("/results"));
  fs::create_directories(dir() + "/net.d");
  must(fs::exists(CATENA_CNITOOL), "build/tools/cnitool, which scripts/tools makes");
}

std::string ChainNode::state_dir(const std::string& network) const {
  return dir() + "/state-" + network;
}

void ChainNode::install(const json& conflist) const {
  const std::string name = conflist.at("name");
  std::ofstream(dir() + "/net.d/" + name + ".conflist") << conflist.dump(2);
}

json ChainNode::conflist(const std::string& version, const json& overrides,
                         const std::string& network) const {
  json plugin = {{"type", "catena-vpc-route"},
                 {"podCIDRs", {"172.30.1.0/24"}},
                 {"stateDir", state_dir(network)},
                 {"logFile", dir() + "/log"}};
  plugin.merge_patch(overrides);
  return {{"cniVersion", version}, {"name", network}, {"plugins", {plugin}}};
}

json ChainNode::shipped(const std::string& file) const {
  json conflist = json::parse(read_text(source_dir() + "/conflist/" + file));
  for (json& plugin : conflist.at("plugins")) {
    if (plugin.contains("podCIDRs")) {
      plugin["podCIDRs"] = {"172.30.7.0/24"};
    }
    if (plugin.contains("stateDir")) {
      plugin["stateDir"] = state_dir(conflist.at("name"));
    }
  }
  return conflist;
}

std::vector<std::pair<std::string, std::string>> variables_of(const PodOptions& options) {
  std::vector<std::pair<std::string, std::string>> variables{{"CNI_IFNAME", options.if_name}};
  if (!options.capabilities.is_null()) {
    variables.emplace_back("CAP_ARGS", options.capabilities.dump());
  }
  if (!options.args.empty()) {
    variables.emplace_back("CNI_ARGS", options.args);
  }
  std::ranges::copy(options.environment, std::back_inserter(variables));
  return variables;
}

Outcome ChainNode::cnitool(const std::string& verb, const std::string& network,
                           const std::string& netns, const PodOptions& options) const {
  std::vector<std::pair<std::string, std::string>> environment = {
      {"CNI_PATH", bin_dir() + ":/usr/lib/cni"},
      {"NETCONFPATH", dir() + "/net.d"},
      {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  std::ranges::move(variables_of(options), std::back_inserter(environment));
  return run_process({CATENA_CNITOOL, verb, network, netns},
                     {.environment = environment, .netns_fd = node().fd()});
}

json ChainNode::add(const std::string& network, const ScratchNetNs& pod,
                    const PodOptions& options) const {
  const Outcome outcome = cnitool("add", network, pod.path(), options);
  EXPECT_EQ(outcome.exit_status, 0) << "ADD to " << network << ": " << outcome.out << outcome.err;
  json result = json::parse(outcome.out, nullptr, false);
  EXPECT_TRUE(result.is_object()) << outcome.out;
  return result;
}

void ChainNode::check(const std::string& network, const ScratchNetNs& pod,
                      const PodOptions& options) const {
  const Outcome outcome = cnitool("check", network, pod.path(), options);
  EXPECT_EQ(outcome.exit_status, 0) << "CHECK of " << network << ": " << outcome.out << outcome.err;
}

void ChainNode::del(const std::string& network, const ScratchNetNs& pod,
                    const PodOptions& options) const {
  const Outcome outcome = cnitool("del", network, pod.path(), options);
  EXPECT_EQ(outcome.exit_status, 0) << "DEL from " << network << ": " << outcome.out << outcome.err;
}

std::string ChainNode::bound_addresses() const {
  std::string text;
  for (const auto& entry : fs::directory_iterator(dir())) {
    if (!entry.path().filename().string().starts_with("state-")) {
      continue;
    }
    const auto records = ipam::Store(entry.path(), {}).list();
    EXPECT_TRUE(records.ok()) << records.error().text();
    for (const ipam::Record& record : *records) {
      if (record.state == ipam::State::kBound || record.state == ipam::State::kReserved) {
        text += record.address.to_string() + " is " + ipam::name_of(record.state) + "\n";
      }
    }
  }
  return text;
}

std::string ChainNode::leftovers() const {
  return topology_.leftovers() + bound_addresses() +
         node().sh(
             "ip -o link | grep bwp; ip rule | grep -v -E '^(0|32766|32767):'; "
             "iptables-save 2>/dev/null | grep CNI-DN; ls /var/lib/cni/results 2>/dev/null; "
             "true");
}

std::string cnitool_path() { return CATENA_CNITOOL; }

bool has_real_cnitool() {
  return !read_text(std::string(CATENA_CNITOOL) + ".version").starts_with("stand-in");
}

std::string address_in(const json& result, std::size_t index) {
  const std::string address = result.at("ips").at(index).at("address");
  return address.substr(0, address.find('/'));
}

HttpServer::HttpServer(const ScratchNetNs& where, const std::string& content, int port) {
  std::ofstream(root_.path() + "/index.html") << content;
  const std::string port_text = std::to_string(port);
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::setns(where.fd(), CLONE_NEWNET) != 0 || ::freopen("/dev/null", "w", stderr) == nullptr) {
      ::_exit(126);
    }
    ::execl("/usr/bin/python3", "python3", "-m", "http.server", "--bind", "::", "--directory",
            root_.path().c_str(), port_text.c_str(), nullptr);
    ::_exit(127);
  }
  EXPECT_TRUE(where.sh_ok("for i in $(seq 100); do ss -Hltn 'sport = :" + port_text +
                          "' | grep -q . && exit 0; sleep 0.1; done; exit 1"))
      << "python3 -m http.server does not start";
}

HttpServer::~HttpServer() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::string http_get(const ScratchNetNs& where, const std::string& host, int port) {
  const std::string address = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const Outcome outcome = run_process({"curl", "-s", "-g", "--noproxy", "*", "-m", "5",
                                       "http://" + address + ":" + std::to_string(port) + "/"},
                                      {.netns_fd = where.fd()});
  return outcome.out;
}

}  // namespace catena::test
