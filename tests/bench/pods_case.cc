#include <array>

#include "tests/bench/cases.h"
#include "tests/bench/eni_rig.h"
#include "tests/bench/launcher.h"
#include "tests/bench/rigs.h"

namespace catena::bench {
namespace {

struct Side {
  std::unique_ptr<Rig> rig;
  Samples add;
  Samples del;
  std::vector<std::string> results;

  void add_pod(std::size_t pod) {
    rig->enter();
    Launch launch = rig->add_launch(pod);
    add.push_back(launch.time());
    results.push_back(launch.output());
  }
  void del_pod(std::size_t pod) {
    rig->enter();
    Launch launch = rig->del_launch(pod, results[pod]);
    del.push_back(launch.time());
  }
};

// Ours goes first for every other pod, so that neither side gains by its turn.
template <typename Work>
void alternate(std::array<Side, 2>& sides, std::size_t pod, Work work) {
  work(sides[pod % 2]);
  work(sides[1 - pod % 2]);
}

// ADD and DEL of single pods, called directly; ours first.
std::array<Side, 2> measure_beside_reference(std::unique_ptr<Rig> ours, std::size_t pods) {
  std::array<Side, 2> sides;
  sides[0].rig = std::move(ours);
  sides[1].rig = reference_rig();
  for (Side& side : sides) {
    side.rig->make_pods(pods);
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    alternate(sides, pod, [pod](Side& side) { side.add_pod(pod); });
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    alternate(sides, pod, [pod](Side& side) { side.del_pod(pod); });
  }
  // The first pod pays for what is made once per node; it is not counted.
  for (Side& side : sides) {
    side.add.erase(side.add.begin());
    side.del.erase(side.del.begin());
  }
  return sides;
}

std::string times_of(const char* verb, const Samples& ours, const Samples& theirs) {
  return std::string(verb) + ": " + number(median(ours)) + " ms; ptp+host-local " +
         number(median(theirs)) + " ms";
}

}  // namespace

std::vector<Figure> measure_pods(const Size& size) {
  const auto pods = static_cast<std::size_t>(size.samples) + 1;
  const auto [ours, theirs] = measure_beside_reference(our_rig(), pods);
  Figure add = ratio_of("vpc-route-add", ours.add, theirs.add, 0.3);
  add.note = times_of("ADD", ours.add, theirs.add);
  Figure del = ratio_of("del", ours.del, theirs.del, 1.0);
  del.note = times_of("DEL", ours.del, theirs.del);
  Figure del_time = time_of("del", ours.del, 30);
  del_time.note = "DEL, p50";
  return {add, del, del_time};
}

std::vector<Figure> measure_multiip(const Size& size) {
  const auto pods = static_cast<std::size_t>(size.samples) + 1;
  const auto [ours, theirs] = measure_beside_reference(eni_rig(pods), pods);
  Figure add = ratio_of("multiip-add", ours.add, theirs.add, 0.4);
  add.note = times_of("ADD", ours.add, theirs.add);
  return {add};
}

}  // namespace catena::bench
