#include "tests/chain/own_enis.h"

#include <fstream>

namespace catena::test {

json own_eni_scene(int machines, int enis) {
  json scene = shared_eni_scene(machines);
  scene["nodeType"] = "test.own";
  scene["instanceTypes"] = {
      {{"id", "test.own"}, {"enis", enis}, {"ipv4PerEni", 2}, {"ipv6PerEni", 2}}};
  scene["delays"] = {
      {"attach", {10, 20}}, {"detach", {10, 20}}, {"eniCall", {1, 2}}, {"deleteEni", {1, 2}}};
  scene["lags"] = {{"describe", {0, 50}}, {"metadata", {0, 50}}, {"guestDevice", {0, 50}}};
  return scene;
}

json eni_plugin(const SimNode& node, const json& overrides) {
  json plugin = {{"type", "catena-eni"},
                 {"capabilities", {{"io.kubernetes.cri.pod-annotations", true}}},
                 {"serviceCIDRs", {"10.96.0.0/16", "fd00:96::/112"}},
                 {"ipFamilies", {"ipv4", "ipv6"}},
                 {"stateDir", node.state_dir()},
                 {"eniConf", node.eni_conf()},
                 {"coolSeconds", 0},
                 {"logFile", node.log_file()}};
  plugin.merge_patch(overrides);
  return plugin;
}

void install_own_enis(const SimNode& node, const json& next, const json& overrides) {
  std::ofstream(node.eni_conf()) << shared_eni_conf({{"ip_stack", "dual"}}).dump();
  json plugins = json::array({eni_plugin(node, overrides)});
  if (!next.is_null()) {
    plugins.push_back(next);
  }
  node.install_chain(plugins);
}

PodOptions asking() {
  return {.if_name = "eth0",
          .capabilities = {{"io.kubernetes.cri.pod-annotations", {{"k8s.aliyun.com/eni", "true"}}}},
          .args = {}};
}

std::unique_ptr<Pod> start_asking(const SimNode& node) {
  auto pod = std::make_unique<Pod>();
  pod->addresses = node.add_all(pod->netns, asking());
  return pod;
}

std::string nics_in(const ScratchNetNs& netns) {
  return netns.sh(
      "ip -o link | sed -n 's/^[0-9]*: \\([^:@]*\\).*link\\/ether \\(00:16:3e[^ ]*\\).*/\\1 "
      "\\2/p'");
}

}  // namespace catena::test
