// STATUS, which runtimes ask for every 5 s, of a node that has pods and room for more.
#include <nlohmann/json.hpp>

#include "tests/bench/cases.h"
#include "tests/bench/eni_rig.h"
#include "tests/bench/launcher.h"
#include "tests/bench/rigs.h"

namespace catena::bench {
namespace {

constexpr std::size_t kRoom = 250;
constexpr std::size_t kPods = 20;

Launch status_launch(const Rig& rig) {
  nlohmann::json configuration = nlohmann::json::parse(rig.conf_json);
  configuration["cniVersion"] = "1.1.0";  // the first that has STATUS
  return {rig.plugin,
          {{"CNI_COMMAND", "STATUS"},
           {"CNI_PATH", "/usr/lib/cni"},
           {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
          configuration.dump()};
}

Figure time_status(Rig& rig, const Size& size) {
  rig.make_pods(kPods);
  rig.enter();
  for (std::size_t pod = 0; pod < kPods; ++pod) {
    rig.add_launch(pod).time();
  }
  Launch launch = status_launch(rig);
  launch.time();
  Samples times;
  for (int i = 0; i < 3 * size.samples; ++i) {
    times.push_back(launch.time());
  }
  Figure figure = time_of("status", times, 2);
  figure.note = "STATUS of " + rig.name + ", p50";
  return figure;
}

}  // namespace

std::vector<Figure> measure_status(const Size& size) {
  return {time_status(*our_rig(), size), time_status(*eni_rig(kRoom), size)};
}

}  // namespace catena::bench
