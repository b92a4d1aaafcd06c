// What NetworkPolicy adds to a pod's start and end, with the agent running.
#include <nlohmann/json.hpp>

#include "tests/bench/cases.h"
#include "tests/bench/policy_agent.h"
#include "tests/bench/rigs.h"

namespace catena::bench {
namespace {

std::string pod_name(std::size_t pod) { return "pod-" + std::to_string(pod); }

// A call of catena-policy behind catena-vpc-route.
class PolicyCalls {
 public:
  explicit PolicyCalls(std::size_t pods) : rig_(our_rig()), agent_(*rig_) {
    nlohmann::json configuration = nlohmann::json::parse(rig_->conf_json);
    configuration["closedUntilPolicy"] = true;
    rig_->conf_json = configuration.dump();
    rig_->make_pods(pods);
    for (std::size_t pod = 0; pod < pods; ++pod) {
      agent_.put_pod(pod_name(pod));
    }
    agent_.start();
    rig_->enter();
  }

  // What the plugin in front says.
  std::string link(std::size_t pod) const {
    Launch launch = rig_->add_launch(pod);
    launch.time();
    return launch.output();
  }
  double time(const std::string& verb, std::size_t pod, const std::string& link) const {
    const nlohmann::json configuration = {{"cniVersion", "1.0.0"},
                                          {"name", "bench"},
                                          {"type", "catena-policy"},
                                          {"stateDir", rig_->dir.path()},
                                          {"prevResult", nlohmann::json::parse(link)}};
    Launch launch(our_binary("policy"),
                  {{"CNI_COMMAND", verb},
                   {"CNI_CONTAINERID", "bench-pod-" + std::to_string(pod)},
                   {"CNI_NETNS", rig_->pods.at(pod)->path()},
                   {"CNI_IFNAME", "eth0"},
                   {"CNI_ARGS", cni_args_of(pod_name(pod))},
                   {"CNI_PATH", "/usr/lib/cni"},
                   {"CATENA_SOCKET", agent_.socket()}},
                  configuration.dump());
    return launch.time();
  }

 private:
  std::unique_ptr<Rig> rig_;
  PolicyAgent agent_;
};

}  // namespace

std::vector<Figure> measure_policy(const Size& size) {
  const auto pods = static_cast<std::size_t>(size.samples) + 1;
  const PolicyCalls calls(pods);
  std::vector<std::string> links;
  Samples add;
  Samples del;
  for (std::size_t pod = 0; pod < pods; ++pod) {
    links.push_back(calls.link(pod));
    add.push_back(calls.time("ADD", pod, links.back()));
  }
  for (std::size_t pod = 0; pod < pods; ++pod) {
    del.push_back(calls.time("DEL", pod, links.at(pod)));
  }
  // The first pod pays for what is made once per node.
  add.erase(add.begin());
  Figure figure = time_of("policy-add", add, 1.2);
  figure.note =
      "ADD of policy with the agent running, until its rules are in the kernel, called "
      "directly; p50. Its DEL: " +
      number(median(del)) + " ms";
  return {figure};
}

}  // namespace catena::bench
