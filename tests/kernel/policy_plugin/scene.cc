#include "tests/kernel/policy_plugin/scene.h"

#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/must.h"
#include "tests/support/plugin_call.h"

namespace catena::test {

std::string policies_in(const ScratchNetNs& netns) {
  return netns.sh(
      "exec 2>/dev/null; for s in entered4 entered6; do nft list set inet catena $s; done | "
      "grep -oE '\"[a-z0-9]+\" [.] [0-9a-f.:]+'; "
      "for m in in4 in6 eg4 eg6; do nft list map inet catena $m; done | "
      "grep -oE '[0-9a-f.:]+ : (jump|goto) [-a-z0-9]+'; true");
}

bool is_cut_off(const ScratchNetNs& from, const std::string& address) {
  return !from.sh_ok("ping -n -q -c 1 -W 0.2 " + address);
}

std::string PolicyNode::log() const {
  const auto text = base::read_file(dir() + "/log", std::size_t{1} << 20U);
  return text.ok() ? *text : std::string();
}

nlohmann::json PolicyNode::make_link(const ScratchNetNs& pod, const std::string& container,
                                     int number) const {
  const std::string address = "172.30.1." + std::to_string(number);
  return topology_
      .add(pod, container,
           {{"closedUntilPolicy", true},
            {"coolSeconds", 0},
            {"runtimeConfig", {{"ips", {address}}}}})
      .json;
}

void PolicyNode::remove_link(const std::string& netns, const std::string& container) const {
  const Answer removed = topology_.del(netns, container, {{"coolSeconds", 0}});
  EXPECT_TRUE(removed.ok()) << removed.process.out;
}

nlohmann::json PolicyNode::config(const nlohmann::json& keys) const {
  nlohmann::json config = topology_.config({{"podCIDRs", nullptr}, {"type", "catena-policy"}});
  config.merge_patch(keys);
  return config;
}

Answer PolicyNode::call(const PolicyCall& call) const {
  PluginSite site = site_without_agent("catena-policy", node(), dir());
  if (!call.agent_socket.empty()) {
    site.environment = {{"CNI_PATH", dir() + "/no-agent"}, {"CATENA_SOCKET", call.agent_socket}};
  }
  PluginCall plugin{.command = call.command,
                    .container_id = call.container,
                    .netns = call.netns,
                    .config = config(call.keys),
                    .wrapper = call.wrapper};
  if (call.named) {
    plugin.args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=" + call.container +
                  ";K8S_POD_UID=u-" + call.container;
  }
  if (!call.result.is_null()) {
    plugin.config["prevResult"] = call.result;
  }
  return call_plugin(site, plugin);
}

nlohmann::json PolicyNode::add(const ScratchNetNs& pod, const nlohmann::json& keys,
                               const std::string& container, int number) const {
  const nlohmann::json result = make_link(pod, container, number);
  const Answer added =
      call({.container = container, .netns = pod.path(), .result = result, .keys = keys});
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return result;
}

Answer PolicyNode::gc(const nlohmann::json& valid_attachments, const std::string& network) const {
  nlohmann::json configuration = config({{"name", network}});
  if (!valid_attachments.is_null()) {
    configuration["cni.dev/valid-attachments"] = valid_attachments;
  }
  return call_plugin(site_without_agent("catena-policy", node(), dir()),
                     {.command = "GC", .container_id = "", .if_name = "", .config = configuration});
}

std::optional<netpol::Record> PolicyNode::record(const std::string& container) const {
  return must(netpol::Records(state_dir()).find(container, "eth0"));
}

std::string PolicyNode::left() const {
  return policies_in(node()) + node().sh("ls " + state_dir() + "/policy/pods 2>/dev/null; true");
}

}  // namespace catena::test
