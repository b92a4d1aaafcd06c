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

Figure time_status(const Rig& rig, const Size& size) {
  rig.enter();
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

Figure time_with_pods(Rig& rig, const Size& size) {
  rig.make_pods(kPods);
  rig.enter();
  for (std::size_t pod = 0; pod < kPods; ++pod) {
    rig.add_launch(pod).time();
  }
  return time_status(rig, size);
}

// Before there is a rule, which is when the kernel must be asked what it can do.
Figure time_without_policies(const Size& size) {
  const auto rig = node_rig("policy before the first pod", our_binary("policy"));
  rig->conf_json = nlohmann::json{{"cniVersion", "1.1.0"},
                                  {"name", "bench"},
                                  {"type", "catena-policy"},
                                  {"stateDir", rig->dir.path()}}
                       .dump();
  return time_status(*rig, size);
}

}  // namespace

std::vector<Figure> measure_status(const Size& size) {
  return {time_with_pods(*our_rig(), size), time_with_pods(*eni_rig(kRoom), size),
          time_without_policies(size)};
}

}  // namespace catena::bench
