#include "tests/kernel/eni/own_eni_node.h"

#include <gtest/gtest.h>

namespace catena::test {
namespace {

using nlohmann::json;

constexpr const char* kSharedMac = "00:16:3e:00:02:0f";

std::string net4(int number) { return number == 1 ? "192.168.0." : "192.168.1."; }
std::string net6(int number) { return number == 1 ? "fd00:a::" : "fd00:b::"; }
std::string vswitch_of(int number) { return number == 1 ? "vsw-a" : "vsw-b"; }
std::string id_of(int number) { return "eni-" + std::to_string(number); }

}  // namespace

OwnEniNode::OwnEniNode(const OwnEniPlan& plan) : EniScene("catena-eni", plan.mtu) {
  set_rp_filter(plan.all_rp_filter);
  for (int number = 1; number <= plan.enis; ++number) {
    plug_eni(number, plan.mtu);
  }
  sim::PlaneNic shared = nic("eni-s", kSharedMac, "vsw-b",
                             {"192.168.1.41", "192.168.1.42", "fd00:b::41", "fd00:b::42"});
  shared.mtu = plan.mtu;
  must(vpc.plane().plug("i-a", shared));
  ipam::CloudChange change;
  change.put_enis = {eni_record("eni-s", kSharedMac, "vsw-b")};
  change.put_enis.front().mode = ipam::kSharedMode;
  change.put_enis.front().address = ip("192.168.1.41");
  for (const char* address : {"192.168.1.41", "192.168.1.42", "fd00:b::41", "fd00:b::42"}) {
    change.put_addresses.push_back({ip(address), "eni-s"});
  }
  must(store().change(change));
  must(vpc.plane().set_routes(
      {{prefix("172.30.1.0/24"), "i-a"}, {prefix("fd00:30:1::/64"), "i-a"}}));
}

std::string OwnEniNode::mac_of(int number) { return "00:16:3e:00:02:0" + std::to_string(number); }

void OwnEniNode::plug_eni(int number, int mtu) {
  const std::string host = "3" + std::to_string(number);
  sim::PlaneNic card = nic(id_of(number), mac_of(number), vswitch_of(number),
                           {net4(number) + host, net6(number) + host});
  card.mtu = mtu;
  must(vpc.plane().plug("i-a", card));
  put_eni(number);
}

void OwnEniNode::put_eni(int number) const {
  const std::string host = "3" + std::to_string(number);
  ipam::CloudChange change;
  change.put_enis = {eni_record(id_of(number), mac_of(number), vswitch_of(number))};
  change.put_enis.front().mode = ipam::kExclusiveMode;
  change.put_enis.front().address = ip(net4(number) + host);
  change.put_addresses = {{ip(net4(number) + host), id_of(number)},
                          {ip(net6(number) + host), id_of(number)}};
  must(store().change(change));
}

json OwnEniNode::plain_config() const {
  json config = config_of("catena-eni");
  config["when"] = "always";
  config["serviceCIDRs"] = {"10.96.0.0/16"};
  config["kubeletDir"] = dir() + "/kubelet";
  return config;
}

Answer OwnEniNode::add_shared(const std::string& plugin, const ScratchNetNs& pod,
                              const std::string& container, bool ipv4) const {
  json configuration = config_of(plugin);
  if (plugin == "catena-vpc-route") {
    configuration["podCIDRs"] = {ipv4 ? "172.30.1.0/24" : "fd00:30:1::/64"};
  } else {
    configuration["ipFamilies"] = {ipv4 ? "ipv4" : "ipv6"};
  }
  Answer added =
      call_plugin(site_without_agent(plugin, node(), dir()), {.command = "ADD",
                                                              .container_id = container,
                                                              .netns = pod.path(),
                                                              .args = args_of_pod(container),
                                                              .config = configuration});
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

void OwnEniNode::del_shared(const std::string& plugin, const ScratchNetNs& pod,
                            const std::string& container) const {
  const Answer gone =
      call_plugin(site_without_agent(plugin, node(), dir()), {.command = "DEL",
                                                              .container_id = container,
                                                              .netns = pod.path(),
                                                              .config = config_of(plugin)});
  EXPECT_TRUE(gone.ok()) << gone.process.out << gone.process.err;
}

std::string OwnEniNode::leftovers() const {
  // Of an unmade table ip(8) says so on stderr, as of links whose namespace is being taken down.
  return node().sh(
      "exec 2>/dev/null; ip -o link | grep -E ': ctn[a-z2-7]{12}'; ip route show table 20455; "
      "ip -6 route show table 20455; ip rule | grep 'lookup 20455' | grep -vE '^(595|599):'; "
      "ip -6 rule | grep 'lookup 20455' | grep -vE '^(595|599):'; "
      "nft -j list table inet catena | "
      "grep -oE 'ctn[a-z2-7]{12}|192[.]168[.][01][.]3[0-9]|fd00:[ab]::3[0-9]'; true");
}

std::string OwnEniNode::nics() const {
  return node().sh(
      "ip -o link | sed -nE 's/^[0-9]+: ([^:@]+)(@[^:]*)?: <([^>]*)>.*ether "
      "(00:16:3e:00:02:0[1-9]).*/\\1 \\4 \\3/p' | sed -E 's/ [^ ]*,UP(,.*)?$/ up/; "
      "s/ [A-Z][^ ]*$/ down/' | sort");
}

}  // namespace catena::test
