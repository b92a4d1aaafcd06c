#include <algorithm>

#include "tests/bench/cases.h"
#include "tests/bench/launcher.h"
#include "tests/bench/rigs.h"

namespace catena::bench {
namespace {

constexpr std::size_t kPods = 30;

struct Side {
  std::unique_ptr<Rig> rig;
  Samples all;
  Samples each;

  // One burst of ADDs, timed, and one of DELs, so that the next finds the node as this one did.
  void round(bool counts) {
    rig->enter();
    std::vector<Launch> adds;
    for (std::size_t pod = 0; pod < kPods; ++pod) {
      adds.push_back(rig->add_launch(pod));
    }
    const Burst burst = time_burst(adds);
    std::vector<Launch> dels;
    for (std::size_t pod = 0; pod < kPods; ++pod) {
      dels.push_back(rig->del_launch(pod, adds[pod].output()));
    }
    time_burst(dels);
    if (counts) {
      all.push_back(burst.all_ms);
      std::ranges::copy(burst.each_ms, std::back_inserter(each));
    }
  }
};

}  // namespace

std::vector<Figure> measure_burst(const Size& size) {
  Side ours{.rig = our_rig(), .all = {}, .each = {}};
  Side theirs{.rig = reference_rig(), .all = {}, .each = {}};
  ours.rig->make_pods(kPods);
  theirs.rig->make_pods(kPods);
  ours.round(false);
  theirs.round(false);
  for (int i = 0; i < size.bursts; ++i) {
    ours.round(true);
    theirs.round(true);
  }
  Figure all = ratio_of("burst-30", ours.all, theirs.all, 0.4);
  all.note = "30 ADDs at once, the last done after " + number(median(ours.all)) + " ms; " +
             theirs.rig->name + " " + number(median(theirs.all)) + " ms";
  Figure each = time_of("burst-30", ours.each, 60);
  each.note = "one ADD of the burst, p50";
  return {all, each};
}

}  // namespace catena::bench
