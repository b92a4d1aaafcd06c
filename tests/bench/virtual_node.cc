#include "tests/bench/virtual_node.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace catena::bench {
namespace {

cloud::ClientOptions options_for(const sim::Scene& scene) {
  cloud::ClientOptions options;
  options.endpoints.region = scene.region;
  options.seed = scene.seed;
  return options;
}

}  // namespace

VirtualNode::VirtualNode(const sim::Scene& scene)
    : cloud_(scene),
      pace_(cloud_.world(), cloud_.gateway()),
      clock_(pace_, never_),
      transport_(cloud_.world(), cloud_.gateway(), cloud_.metadata(), pace_,
                 scene.instances.front().id),
      keys_(cloud_.credentials()),
      client_(transport_, pace_, keys_, nullptr, options_for(scene)),
      settings_(test::settings_of(scene, scene.instances.front(), scene.seed)),
      store_(dir_.path() + "/state", {.clock = &clock_, .boot_id = "bench"}) {}

double VirtualNode::calls(const std::string& action) {
  const auto& counts = cloud_.gateway().counts();
  const auto found = counts.find(action);
  return found == counts.end() ? 0 : static_cast<double>(found->second.calls);
}

bool VirtualNode::has_nic(const base::Mac& mac) {
  const nlohmann::json truth = cloud_.world().dump();
  return std::ranges::any_of(truth["enis"], [&mac](const nlohmann::json& eni) {
    return eni["mac"] == mac.to_string() && eni["state"] == "InUse";
  });
}

}  // namespace catena::bench
