// Pods with an ENI of their own: figures "eni-add" and "eni-ready".
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "agent/exclusive.h"
#include "common/base/unique_fd.h"
#include "common/ipam/store.h"
#include "tests/bench/cases.h"
#include "tests/bench/rigs.h"
#include "tests/bench/virtual_node.h"

namespace catena::bench {
namespace {

constexpr const char* kMac = "00:16:3e:00:03:01";
constexpr const char* kAddress = "10.2.0.1";
constexpr std::chrono::milliseconds kCloud{300};
constexpr std::chrono::milliseconds kAttach{3'000};
constexpr int kMostNew = 20;

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(2);
}

void plug(const Rig& rig) {
  rig.node.sh(std::string("ip link add eth1 address ") + kMac +
              " type veth peer name far1; ip link set far1 up");
}

void put_eni(const Rig& rig) {
  ipam::Eni eni;
  eni.id = "eni-1";
  eni.mac = base::Mac::parse(kMac).value();
  eni.vswitch = "vsw-1";
  eni.address = base::IpAddress::parse(kAddress).value();
  eni.gateway = base::IpAddress::parse("10.2.0.253").value();
  eni.prefix_length = 24;
  eni.mode = ipam::kExclusiveMode;
  eni.state = ipam::EniState::kInUse;
  ipam::Store store(rig.dir.path(), {});
  const base::Status put =
      store.change({.put_enis = {eni}, .put_addresses = {{eni.address, eni.id}}});
  if (!put.ok()) {
    die(put.error().text());
  }
}

std::unique_ptr<Rig> own_eni_rig() {
  auto rig = node_rig("eni", our_binary("eni"));
  const nlohmann::json configuration = {{"cniVersion", "1.0.0"},
                                        {"name", "bench"},
                                        {"type", "catena-eni"},
                                        {"when", "always"},
                                        {"serviceCIDRs", {"10.96.0.0/12"}},
                                        {"stateDir", rig->dir.path()},
                                        {"coolSeconds", 0}};
  rig->conf_json = configuration.dump();
  return rig;
}

// ADD in milliseconds; DEL afterwards.
double one_pod(const Rig& rig, std::size_t pod) {
  Launch add = rig.add_launch(pod);
  const double taken = add.time();
  rig.del_launch(pod, add.output()).time();
  return taken;
}

// Stands for the agent: the cloud takes kCloud, then the NIC is there and the store knows it.
class Agent {
 public:
  explicit Agent(const Rig& rig) : rig_(rig), path_(rig.dir.path() + "/agent.sock") {
    fd_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd_.get(), 1) != 0) {
      die("no socket at " + path_);
    }
    server_ = std::thread([this] { serve(); });
  }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  Agent(Agent&&) = delete;
  Agent& operator=(Agent&&) = delete;
  ~Agent() { server_.join(); }
  const std::string& path() const { return path_; }

 private:
  void serve() const {
    constexpr const char* kAnswer = "{\"result\":{}}\n";
    const base::UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string request;
    for (char byte = 0; byte != '\n' && ::read(peer.get(), &byte, 1) == 1;) {
      request += byte;
    }
    std::this_thread::sleep_for(kCloud);
    plug(rig_);
    put_eni(rig_);
    // A plugin that no longer listens fails by itself.
    std::ignore = ::write(peer.get(), kAnswer, std::strlen(kAnswer));
  }

  const Rig& rig_;
  std::string path_;
  base::UniqueFd fd_;
  std::thread server_;
};

// What ADD takes beside the cloud's time, from a node without ENIs.
double first_pod() {
  const auto rig = own_eni_rig();
  rig->make_pods(1);
  const Agent agent(*rig);
  rig->enter();
  Launch add(rig->plugin,
             {{"CNI_COMMAND", "ADD"},
              {"CNI_CONTAINERID", "bench-pod"},
              {"CNI_NETNS", rig->pods.front()->path()},
              {"CNI_IFNAME", "eth0"},
              {"CNI_PATH", "/usr/lib/cni"},
              {"CATENA_SOCKET", agent.path()},
              {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
             rig->conf_json);
  return add.time() - static_cast<double>(kCloud.count());
}

// What the agent takes beside the cloud's time, in virtual time: the attachment lasts kAttach, all
// else nothing.
double agents_share(std::uint64_t seed) {
  sim::Scene scene = sim::default_scene(1);
  scene.seed = seed;
  scene.instances.front().type = "ecs.g7.4xlarge";
  scene.delays.attach = {kAttach, kAttach};
  scene.delays.eni_call = {};
  scene.lags = {.describe = {}, .available_count = {}, .metadata = {}, .guest_device = {}};
  VirtualNode node(scene);
  agent::Duty duty = node.duty();
  const auto begin = node.elapsed();
  duty.look_for_nics([&](const base::Mac& mac) -> base::Result<bool> { return node.has_nic(mac); });
  const auto grown = agent::grow_exclusive(duty, {.enis = 1, .families = {}});
  if (!grown.ok() || grown->missing > 0) {
    die("eni.grow: " + (grown.ok() ? "not enough" : grown.error().text()));
  }
  return static_cast<double>((node.elapsed() - begin).count() - kAttach.count());
}

}  // namespace

std::vector<Figure> measure_own_eni(const Size& size) {
  const auto rig = own_eni_rig();
  plug(*rig);
  put_eni(*rig);
  rig->make_pods(static_cast<std::size_t>(size.samples) + 1);
  rig->enter();
  one_pod(*rig, 0);  // makes what a node has once
  Samples adds;
  for (int pod = 1; pod <= size.samples; ++pod) {
    adds.push_back(one_pod(*rig, static_cast<std::size_t>(pod)));
  }
  Figure add = time_of("eni-add", adds, 50);
  add.note = "ADD of eni with an attached ENI: one move of its NIC, p50";
  Samples plugin;
  Samples agent;
  for (int i = 0; i < std::min(size.samples, kMostNew); ++i) {
    plugin.push_back(first_pod());
    agent.push_back(agents_share(static_cast<std::uint64_t>(i) + 1));
  }
  Samples both;
  for (std::size_t i = 0; i < plugin.size(); ++i) {
    both.push_back(plugin[i] + agent[i]);
  }
  Figure ready = time_of("eni-ready", both, 1000);
  ready.note = "new ENI, beside the cloud's own time: ADD " + number(median(plugin)) +
               " ms; the agent's waits " + number(median(agent)) + " ms (virtual time)";
  return {add, ready};
}

}  // namespace catena::bench
