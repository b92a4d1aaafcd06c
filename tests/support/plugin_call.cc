#include "tests/support/plugin_call.h"

#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace catena::test {

PluginSite site_without_agent(const std::string& plugin, const ScratchNetNs& node,
                              const std::string& dir) {
  return {.plugin = plugin,
          .node = node,
          .environment = {{"CNI_PATH", dir + "/no-agent"},
                          {"CATENA_SOCKET", dir + "/no-agent/socket"}}};
}

Answer call_plugin(const PluginSite& site, const PluginCall& call) {
  std::vector<std::string> argv = call.wrapper;
  argv.push_back(bin_dir() + "/" + site.plugin);
  std::vector<std::pair<std::string, std::string>> environment{
      {"CNI_COMMAND", call.command}, {"CNI_CONTAINERID", call.container_id},
      {"CNI_IFNAME", call.if_name},  {"CNI_NETNS", call.netns},
      {"CNI_ARGS", call.args},       {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
  std::ranges::copy(site.environment, std::back_inserter(environment));
  Answer answer;
  answer.process =
      run_process(argv, {.input = call.raw_input.empty() ? call.config.dump() : call.raw_input,
                         .environment = std::move(environment),
                         .netns_fd = site.node.fd()});
  if (!answer.process.out.empty()) {
    answer.json = nlohmann::json::parse(answer.process.out, nullptr, false);
    EXPECT_FALSE(answer.json.is_discarded()) << "stdout is not JSON: " << answer.process.out;
  }
  return answer;
}

}  // namespace catena::test
