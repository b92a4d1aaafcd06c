// Whole chains, started by the real cnitool: ours and Debian's.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sys/mount.h>

#include <nlohmann/json.hpp>

#include "tests/bench/cases.h"
#include "tests/bench/eni_rig.h"
#include "tests/bench/launcher.h"
#include "tests/bench/policy_agent.h"
#include "tests/bench/rigs.h"
#include "tests/support/paths.h"

namespace catena::bench {
namespace {

constexpr const char* kCniDirectory = "/var/lib/cni";

void must(bool ok, const char* what) {
  if (!ok) {
    std::perror(what);
    std::exit(2);
  }
}

// libcni caches results below /var/lib/cni: the host's is not to be touched.
void cover_cni_cache() {
  static bool covered = false;
  if (covered) {
    return;
  }
  must(::unshare(CLONE_NEWNS) == 0, "bench: unshare(CLONE_NEWNS)");
  must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "bench: make / private");
  const char* const place = std::filesystem::exists(kCniDirectory) ? kCniDirectory : "/var/lib";
  must(::mount("tmpfs", place, "tmpfs", 0, "mode=755") == 0, "bench: mount a tmpfs");
  std::filesystem::create_directories(kCniDirectory);
  covered = true;
}

// kubelet's note of its devices, in which no pod of the bench is.
void write_checkpoint(const std::string& kubelet) {
  nlohmann::json checkpoint;
  checkpoint["Data"]["PodDeviceEntries"] = nlohmann::json::array();
  checkpoint["Data"]["RegisteredDevices"]["aliyun/eni"] = nlohmann::json::array({"1"});
  checkpoint["Checksum"] = 1;
  std::filesystem::create_directories(kubelet + "/device-plugins");
  std::ofstream(kubelet + "/device-plugins/kubelet_internal_checkpoint") << checkpoint.dump();
}

constexpr const char* kPod = "p";

enum class InFront { kNothing, kEni };

// A side whose plugins cnitool runs.
class Chain {
 public:
  explicit Chain(std::unique_ptr<Rig> rig, InFront in_front = InFront::kNothing)
      : rig_(std::move(rig)) {
    nlohmann::json first = nlohmann::json::parse(rig_->conf_json);
    first.erase("cniVersion");
    first.erase("name");
    nlohmann::json bandwidth = {{"type", "bandwidth"}, {"capabilities", {{"bandwidth", true}}}};
    if (rig_->plugin.find("catena") != std::string::npos) {
      bandwidth["type"] = "catena-bandwidth";
      bandwidth["stateDir"] = rig_->dir.path();
    }
    const bool is_ours = bandwidth["type"] == "catena-bandwidth";
    if (is_ours) {
      first["closedUntilPolicy"] = true;
      agent_ = std::make_unique<PolicyAgent>(*rig_);
      agent_->put_pod(kPod);
      agent_->start();
    }
    nlohmann::json plugins = nlohmann::json::array({first, bandwidth});
    if (is_ours) {
      plugins.push_back({{"type", "catena-policy"}, {"stateDir", rig_->dir.path()}});
    }
    if (in_front == InFront::kEni) {
      const std::string kubelet = rig_->dir.path() + "/kubelet";
      write_checkpoint(kubelet);
      plugins.insert(plugins.begin(), nlohmann::json{{"type", "catena-eni"},
                                                     {"kubeletDir", kubelet},
                                                     {"serviceCIDRs", {"10.96.0.0/12"}},
                                                     {"closedUntilPolicy", true},
                                                     {"stateDir", rig_->dir.path()}});
    }
    const nlohmann::json conflist = {
        {"cniVersion", "1.0.0"}, {"name", "bench"}, {"plugins", plugins}};
    std::filesystem::create_directories(conf_dir());
    std::ofstream(conf_dir() + "/bench.conflist") << conflist.dump();
  }
  Rig& rig() { return *rig_; }
  double run(const std::string& verb, std::size_t pod) const {
    rig_->enter();
    Launch launch(CATENA_CNITOOL,
                  {{"CNI_PATH", catena::test::bin_dir() + ":/usr/lib/cni"},
                   {"NETCONFPATH", conf_dir()},
                   {"CNI_IFNAME", "eth0"},
                   {"CNI_ARGS", cni_args_of(kPod)},
                   {"CATENA_SOCKET", agent_ == nullptr ? "/nowhere" : agent_->socket()},
                   {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                  "", {verb, "bench", rig_->pods.at(pod)->path()});
    return launch.time();
  }

 private:
  std::string conf_dir() const { return rig_->dir.path() + "/net.d"; }
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<PolicyAgent> agent_;
};

struct Times {
  Samples add;
  Samples del;
};

// For a pod that asks for no ENI.
Figure cost_of_eni(const Times& ours, const Times& with_eni) {
  Samples added;
  for (std::size_t i = 0; i < ours.add.size(); ++i) {
    added.push_back(with_eni.add[i] - ours.add[i]);
  }
  Figure figure = time_of("chain-add", added, 1.5);
  figure.note = "added by eni in front, for a pod that asks for no ENI; p50 of the pairs";
  return figure;
}

std::vector<Figure> figures_of(const Times& ours, const Times& theirs) {
  Figure add = ratio_of("chain-add", ours.add, theirs.add, 0.45);
  add.note = "ADD by cnitool: multiip+bandwidth+policy " + number(median(ours.add)) +
             " ms; ptp+host-local+bandwidth " + number(median(theirs.add)) + " ms";
  Figure add_time = time_of("chain-add", ours.add, 5.5);
  add_time.note = "ADD by cnitool, p50";
  Figure add_tail = tail_time_of("chain-add", ours.add, 20);
  add_tail.note = "ADD by cnitool, p99";
  Figure del = ratio_of("chain-del", ours.del, theirs.del, 1.0);
  del.note = "DEL by cnitool: " + number(median(ours.del)) + " ms; theirs " +
             number(median(theirs.del)) + " ms";
  Figure del_time = time_of("chain-del", ours.del, 30);
  del_time.note = "DEL by cnitool, p50";
  return {add, add_time, add_tail, del, del_time};
}

}  // namespace

std::vector<Figure> measure_chain(const Size& size) {
  cover_cni_cache();
  // The first pod pays for what is made once per node; it is not counted.
  const auto pods = static_cast<std::size_t>(size.samples) + 1;
  std::array<Chain, 3> sides{Chain(eni_rig(pods)), Chain(reference_rig()),
                             Chain(eni_rig(pods), InFront::kEni)};
  std::array<Times, 3> times;
  for (Chain& side : sides) {
    side.rig().make_pods(pods);
  }
  // Each goes first in its turn, so that none gains by it.
  for (std::size_t pod = 0; pod < pods; ++pod) {
    for (const std::size_t side : {pod % 3, (pod + 1) % 3, (pod + 2) % 3}) {
      times.at(side).add.push_back(sides.at(side).run("add", pod));
    }
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    for (const std::size_t side : {pod % 3, (pod + 1) % 3, (pod + 2) % 3}) {
      times.at(side).del.push_back(sides.at(side).run("del", pod));
    }
  }
  for (Times& side : times) {
    side.add.erase(side.add.begin());
    side.del.erase(side.del.begin());
  }
  std::vector<Figure> figures = figures_of(times[0], times[1]);
  figures.push_back(cost_of_eni(times[0], times[2]));
  return figures;
}

std::vector<Figure> measure_many(const Size& size) {
  constexpr std::size_t kPods = 250;
  const std::unique_ptr<Rig> rig = eni_rig(kPods);
  rig->make_pods(kPods);
  Samples all;
  // The first round makes what a node has once, and is not counted.
  for (int round = 0; round <= size.bursts; ++round) {
    rig->enter();
    std::vector<Launch> adds;
    adds.reserve(kPods);
    for (std::size_t pod = 0; pod < kPods; ++pod) {
      adds.push_back(rig->add_launch(pod));
    }
    const Burst burst = time_burst(adds);
    std::vector<Launch> dels;
    dels.reserve(kPods);
    for (std::size_t pod = 0; pod < kPods; ++pod) {
      dels.push_back(rig->del_launch(pod, adds[pod].output()));
    }
    time_burst(dels);
    if (round != 0) {
      all.push_back(burst.all_ms);
    }
  }
  Figure figure = time_of("burst-250", all, 3000);
  figure.note = "250 ADDs of multiip at once, until the last is done; none failed";
  return {figure};
}

}  // namespace catena::bench
