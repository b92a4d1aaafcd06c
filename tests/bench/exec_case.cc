#include "tests/bench/cases.h"
#include "tests/bench/launcher.h"
#include "tests/bench/rigs.h"

namespace catena::bench {
namespace {

Launch version_of(const std::string& binary) {
  return {binary, {{"CNI_COMMAND", "VERSION"}}, R"({"cniVersion":"1.0.0"})"};
}

}  // namespace

std::vector<Figure> measure_exec(const Size& size) {
  Launch ours = version_of(our_binary("vpc-route"));
  Launch theirs = version_of(reference_binary("ptp"));
  Launch smallest = version_of(reference_binary("loopback"));
  ours.time();
  theirs.time();
  smallest.time();
  Samples our_times;
  Samples their_times;
  Samples smallest_times;
  for (int i = 0; i < 3 * size.samples; ++i) {
    our_times.push_back(ours.time());
    their_times.push_back(theirs.time());
    smallest_times.push_back(smallest.time());
  }
  Figure figure = ratio_of("exec", our_times, their_times, 0.5);
  figure.note = "VERSION: " + number(median(our_times)) + " ms; ptp " +
                number(median(their_times)) + " ms, loopback " + number(median(smallest_times)) +
                " ms";
  return {figure};
}

}  // namespace catena::bench
