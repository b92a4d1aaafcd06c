#include "tests/chain/shared_enis.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

namespace catena::test {

using base::Family;
using base::IpAddress;

json shared_eni_scene(int machines) {
  return {{"nodes", machines},
          {"nodeType", "test.three-by-six"},
          {"instanceTypes",
           {{{"id", "test.three-by-six"}, {"enis", 3}, {"ipv4PerEni", 6}, {"ipv6PerEni", 6}}}},
          {"vswitches",
           {{{"id", "vsw-a"},
             {"zone", "cn-hangzhou-h"},
             {"cidr", "192.168.0.0/20"},
             {"ipv6Cidr", "2001:db8:1234:1a00::/64"}},
            {{"id", "vsw-b"},
             {"zone", "cn-hangzhou-h"},
             {"cidr", "192.168.16.0/20"},
             {"ipv6Cidr", "2001:db8:1234:1a01::/64"}}}},
          {"delays", {{"attach", {200, 600}}, {"eniCall", {50, 200}}}}};
}

json shared_eni_conf(const json& overrides) {
  json conf = {{"version", "1"},
               {"vswitches", {{"cn-hangzhou-h", {"vsw-a", "vsw-b"}}}},
               {"vswitch_selection_policy", "ordered"}};
  conf.merge_patch(overrides);
  return conf;
}

std::optional<IpAddress> Pod::address(Family family) const {
  const auto it = std::ranges::find(addresses, family, &IpAddress::family);
  return it == addresses.end() ? std::nullopt : std::optional(*it);
}

Pods start_together(const SimNode& node, std::size_t count) {
  Pods pods(count);
  std::vector<std::jthread> threads;
  threads.reserve(count);
  for (auto& pod : pods) {
    pod = std::make_unique<Pod>();
    threads.emplace_back([&node, &pod] { pod->addresses = node.add_all(pod->netns); });
  }
  threads.clear();
  return pods;
}

void stop(const SimNode& node, const Pods& pods) {
  for (const auto& pod : pods) {
    const Outcome deleted = node.cnitool("del", pod->netns);
    EXPECT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err;
  }
}

int carried_out(const SimNodes& nodes, const std::string& action) {
  const json counts = nodes.ctl({"counts"});
  const json& actions = counts.contains("counts") ? counts.at("counts") : counts;
  return actions.contains(action) ? actions.at(action).value("carried_out", 0) : 0;
}

}  // namespace catena::test
