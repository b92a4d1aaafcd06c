#include "tests/kernel/eni/own_eni_node.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/plugin_call.h"

namespace catena::test {
namespace {

using nlohmann::json;

constexpr const char* kSharedMac = "00:16:3e:00:02:0f";

std::string net4(int number) { return number == 1 ? "192.168.0." : "192.168.1."; }
std::string net6(int number) { return number == 1 ? "fd00:a::" : "fd00:b::"; }
std::string vswitch_of(int number) { return number == 1 ? "vsw-a" : "vsw-b"; }
std::string id_of(int number) { return "eni-" + std::to_string(number); }

ipam::Eni record_of(const std::string& id, const std::string& mac, int number,
                    std::string_view mode) {
  ipam::Eni eni;
  eni.id = id;
  eni.mac = base::Mac::parse(mac).value();
  eni.vswitch = vswitch_of(number);
  eni.gateway = ip(net4(number) + "253");
  eni.prefix_length = 24;
  eni.gateway6 = ip(net6(number) + "ffff:ffff:ffff:fff7");
  eni.mode = mode;
  eni.state = ipam::EniState::kInUse;
  return eni;
}

json call_of(const std::string& type, const OwnEniNode& scene) {
  return {{"cniVersion", "1.1.0"},
          {"name", "testnet"},
          {"type", type},
          {"stateDir", scene.state_dir()},
          {"logFile", scene.dir() + "/log"}};
}

std::string args_of(const std::string& container) {
  return "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + container +
         ";K8S_POD_UID=uid-" + container;
}

}  // namespace

OwnEniNode::OwnEniNode(const OwnEniPlan& plan) : vpc(plan.mtu) {
  node().sh("sysctl -qw net.ipv4.conf.all.rp_filter=" + plan.all_rp_filter +
            " net.ipv4.conf.default.rp_filter=" + plan.all_rp_filter);
  for (int number = 1; number <= plan.enis; ++number) {
    plug_eni(number, plan.mtu);
  }
  sim::PlaneNic shared = nic("eni-s", kSharedMac, "vsw-b",
                             {"192.168.1.41", "192.168.1.42", "fd00:b::41", "fd00:b::42"});
  shared.mtu = plan.mtu;
  must(vpc.plane().plug("i-a", shared));
  ipam::CloudChange change;
  change.put_enis = {record_of("eni-s", kSharedMac, 2, ipam::kSharedMode)};
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
  change.put_enis = {record_of(id_of(number), mac_of(number), number, ipam::kExclusiveMode)};
  change.put_enis.front().address = ip(net4(number) + host);
  change.put_addresses = {{ip(net4(number) + host), id_of(number)},
                          {ip(net6(number) + host), id_of(number)}};
  must(store().change(change));
}

json OwnEniNode::config(const json& overrides) const {
  json config = call_of("catena-eni", *this);
  config["when"] = "always";
  config["serviceCIDRs"] = {"10.96.0.0/16"};
  config["kubeletDir"] = dir() + "/kubelet";
  config.merge_patch(overrides);
  return config;
}

Answer OwnEniNode::call(const PluginCall& call, const std::string& plugin) const {
  return call_plugin(site_without_agent(plugin, node(), dir()), call);
}

Answer OwnEniNode::try_add(const ScratchNetNs& pod, const std::string& container,
                           const json& overrides) const {
  return call({.command = "ADD",
               .container_id = container,
               .netns = pod.path(),
               .args = args_of(container),
               .config = config(overrides)});
}

Answer OwnEniNode::add(const ScratchNetNs& pod, const std::string& container,
                       const json& overrides) const {
  Answer added = try_add(pod, container, overrides);
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

Answer OwnEniNode::del(const std::string& netns, const std::string& container,
                       const json& overrides) const {
  return call(
      {.command = "DEL", .container_id = container, .netns = netns, .config = config(overrides)});
}

Answer OwnEniNode::check(const ScratchNetNs& pod, const std::string& container, const Answer& added,
                         const json& overrides) const {
  json configuration = config(overrides);
  configuration["prevResult"] = added.json;
  return call({.command = "CHECK",
               .container_id = container,
               .netns = pod.path(),
               .config = configuration});
}

Answer OwnEniNode::gc(const std::vector<std::string>& containers) const {
  json configuration = config();
  configuration["cni.dev/valid-attachments"] = json::array();
  for (const std::string& container : containers) {
    configuration["cni.dev/valid-attachments"].push_back(
        {{"containerID", container}, {"ifname", "eth0"}});
  }
  return call({.command = "GC", .container_id = "", .if_name = "", .config = configuration});
}

Answer OwnEniNode::add_shared(const std::string& plugin, const ScratchNetNs& pod,
                              const std::string& container, bool ipv4) const {
  json configuration = call_of(plugin, *this);
  if (plugin == "catena-vpc-route") {
    configuration["podCIDRs"] = {ipv4 ? "172.30.1.0/24" : "fd00:30:1::/64"};
  } else {
    configuration["ipFamilies"] = {ipv4 ? "ipv4" : "ipv6"};
  }
  Answer added = call({.command = "ADD",
                       .container_id = container,
                       .netns = pod.path(),
                       .args = args_of(container),
                       .config = configuration},
                      plugin);
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

void OwnEniNode::del_shared(const std::string& plugin, const ScratchNetNs& pod,
                            const std::string& container) const {
  const Answer gone = call({.command = "DEL",
                            .container_id = container,
                            .netns = pod.path(),
                            .config = call_of(plugin, *this)},
                           plugin);
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

std::string OwnEniNode::held() const {
  std::string text;
  ipam::Store opened = store();
  for (const ipam::Record& record : opened.list().value()) {
    if (record.state != ipam::State::kFree && record.state != ipam::State::kCooling) {
      text += record.address.to_string() + " " + name_of(record.state) + " " +
              record.owner.container_id + "\n";
    }
  }
  return text;
}

std::string OwnEniNode::log() const {
  std::ifstream in(dir() + "/log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace catena::test
