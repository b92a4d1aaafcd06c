#include <array>

#include "tests/bench/cases.h"
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

}  // namespace

std::vector<Figure> measure_pods(const Size& size) {
  std::array<Side, 2> sides;
  sides[0].rig = our_rig();
  sides[1].rig = reference_rig();
  // The first pod pays for what is made once per node; it is not counted.
  const auto pods = static_cast<std::size_t>(size.samples) + 1;
  for (Side& side : sides) {
    side.rig->make_pods(pods);
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    alternate(sides, pod, [pod](Side& side) { side.add_pod(pod); });
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    alternate(sides, pod, [pod](Side& side) { side.del_pod(pod); });
  }
  for (Side& side : sides) {
    side.add.erase(side.add.begin());
    side.del.erase(side.del.begin());
  }
  const auto [ours, theirs] = std::tie(sides[0], sides[1]);

  Figure add = ratio_of("vpc-route-add", ours.add, theirs.add, 0.3);
  add.note = "ADD: " + number(median(ours.add)) + " ms; " + theirs.rig->name + " " +
             number(median(theirs.add)) + " ms";
  Figure del = ratio_of("del", ours.del, theirs.del, 1.0);
  del.note = "DEL: " + number(median(ours.del)) + " ms; " + theirs.rig->name + " " +
             number(median(theirs.del)) + " ms";
  Figure del_time = time_of("del", ours.del, 30);
  del_time.note = "DEL, p50";
  return {add, del, del_time};
}

}  // namespace catena::bench
