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

// A side whose plugins cnitool runs.
class Chain {
 public:
  explicit Chain(std::unique_ptr<Rig> rig) : rig_(std::move(rig)) {
    nlohmann::json first = nlohmann::json::parse(rig_->conf_json);
    first.erase("cniVersion");
    first.erase("name");
    nlohmann::json bandwidth = {{"type", "bandwidth"}, {"capabilities", {{"bandwidth", true}}}};
    if (rig_->plugin.find("catena") != std::string::npos) {
      bandwidth["type"] = "catena-bandwidth";
      bandwidth["stateDir"] = rig_->dir.path();
    }
    const nlohmann::json conflist = {
        {"cniVersion", "1.0.0"}, {"name", "bench"}, {"plugins", {first, bandwidth}}};
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
                   {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                  "", {verb, "bench", rig_->pods.at(pod)->path()});
    return launch.time();
  }

 private:
  std::string conf_dir() const { return rig_->dir.path() + "/net.d"; }
  std::unique_ptr<Rig> rig_;
};

struct Times {
  Samples add;
  Samples del;
};

std::vector<Figure> figures_of(const Times& ours, const Times& theirs) {
  Figure add = ratio_of("chain-add", ours.add, theirs.add, 0.45);
  add.note = "ADD by cnitool: multiip+bandwidth " + number(median(ours.add)) +
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
  std::array<Chain, 2> sides{Chain(eni_rig(pods)), Chain(reference_rig())};
  std::array<Times, 2> times;
  for (Chain& side : sides) {
    side.rig().make_pods(pods);
  }
  // Ours goes first for every other pod, so that neither side gains by its turn.
  for (std::size_t pod = 0; pod < pods; ++pod) {
    for (const std::size_t side : {pod % 2, 1 - pod % 2}) {
      times.at(side).add.push_back(sides.at(side).run("add", pod));
    }
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    for (const std::size_t side : {pod % 2, 1 - pod % 2}) {
      times.at(side).del.push_back(sides.at(side).run("del", pod));
    }
  }
  for (Times& side : times) {
    side.add.erase(side.add.begin());
    side.del.erase(side.del.begin());
  }
  return figures_of(times[0], times[1]);
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
