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

std::string address_of(const Answer& added, std::size_t index) {
  const std::string address = added.json.at("ips").at(index).at("address");
  return address.substr(0, address.find('/'));
}

std::string host_link_of(const Answer& added) {
  for (const auto& link : added.json.at("interfaces")) {
    if (link.value("sandbox", std::string()).empty()) {
      return link.at("name");
    }
  }
  return {};
}

bool can_ping(const ScratchNetNs& from, const std::string& address) {
  return from.sh_ok("ping -n -q -c 1 -W 2 " + address);
}

}  // namespace catena::test
