#include "tests/kernel/multiip/eni_node.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "tests/support/plugin_call.h"

namespace catena::test {
namespace {

constexpr char kPlugin[] = "catena-multiip";

struct EniPlan {
  const char* id;
  const char* mac;
  const char* vswitch;
  const char* net4;  // "192.168.0."
  const char* net6;
};
constexpr EniPlan kEnis[] = {
    {"eni-1", "00:16:3e:00:01:01", "vsw-a", "192.168.0.", "fd00:a::"},
    {"eni-2", "00:16:3e:00:01:02", "vsw-b", "192.168.1.", "fd00:b::"},
};

const EniPlan& plan_of(const std::string& id) { return id == "eni-1" ? kEnis[0] : kEnis[1]; }

ipam::Eni record_of(const EniPlan& plan) {
  ipam::Eni eni;
  eni.id = plan.id;
  eni.mac = base::Mac::parse(plan.mac).value();
  eni.vswitch = plan.vswitch;
  eni.address = ip(std::string(plan.net4) + "21");
  eni.gateway = ip(std::string(plan.net4) + "253");
  eni.prefix_length = 24;
  eni.gateway6 = ip(std::string(plan.net6) + "ffff:ffff:ffff:fff7");
  eni.mode = ipam::kSharedMode;
  eni.state = ipam::EniState::kInUse;
  return eni;
}

std::vector<std::string> delivered_to(const EniPlan& plan) {
  std::vector<std::string> addresses;
  const auto add = [&](int host) {
    addresses.push_back(plan.net4 + std::to_string(host));
    addresses.push_back(plan.net6 + std::to_string(host));
  };
  for (int host = 21; host < 30; ++host) {
    add(host);
  }
  for (int host = 50; host < 90; ++host) {
    add(host);
  }
  return addresses;
}

}  // namespace

EniNode::EniNode(const ScenePlan& plan) : vpc(plan.mtu) {
  node().sh("sysctl -qw net.ipv4.conf.all.rp_filter=" + plan.all_rp_filter +
            " net.ipv4.conf.default.rp_filter=" + plan.all_rp_filter +
            " net.ipv4.conf.eth0.rp_filter=" + plan.all_rp_filter);
  for (const EniPlan& eni : kEnis) {
    sim::PlaneNic card = nic(eni.id, eni.mac, eni.vswitch, delivered_to(eni));
    card.mtu = plan.mtu;
    must(vpc.plane().plug("i-a", card));
    put_eni(record_of(eni));
  }
}

void EniNode::put_eni(const ipam::Eni& eni) const {
  ipam::CloudChange change;
  change.put_enis = {eni};
  must(store().change(change));
}

void EniNode::put_addresses(const std::string& eni, const std::vector<std::string>& hosts) const {
  ipam::CloudChange change;
  for (const std::string& host : hosts) {
    for (const char* net : {plan_of(eni).net4, plan_of(eni).net6}) {
      change.put_addresses.push_back({ip(net + host), eni});
    }
  }
  must(store().change(change));
}

void EniNode::put_lost_eni(const std::string& id, const std::string& address) const {
  ipam::Eni eni = record_of(kEnis[0]);
  eni.id = id;
  eni.mac = base::Mac::parse("00:16:3e:00:0f:0f").value();
  put_eni(eni);
  must(store().change({.put_addresses = {{ip(address), id}}}));
}

nlohmann::json EniNode::config(const nlohmann::json& overrides) const {
  nlohmann::json config = {{"cniVersion", "1.1.0"},
                           {"name", "testnet"},
                           {"type", kPlugin},
                           {"stateDir", state_dir()},
                           {"logFile", dir() + "/log"}};
  config.merge_patch(overrides);
  return config;
}

Answer EniNode::call(const PluginCall& call) const {
  return call_plugin(site_without_agent(kPlugin, node(), dir()), call);
}

Answer EniNode::add(const ScratchNetNs& pod, const std::string& container,
                    const nlohmann::json& overrides) const {
  Answer added =
      call({.command = "ADD",
            .container_id = container,
            .netns = pod.path(),
            .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + container,
            .config = config(overrides)});
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

Answer EniNode::del(const std::string& netns, const std::string& container,
                    const nlohmann::json& overrides) const {
  return call(
      {.command = "DEL", .container_id = container, .netns = netns, .config = config(overrides)});
}

Answer EniNode::check(const ScratchNetNs& pod, const std::string& container, const Answer& added,
                      const nlohmann::json& overrides) const {
  nlohmann::json configuration = config(overrides);
  configuration["prevResult"] = added.json;
  return call({.command = "CHECK",
               .container_id = container,
               .netns = pod.path(),
               .config = configuration});
}

Answer EniNode::gc(const std::vector<std::string>& containers) const {
  nlohmann::json configuration = config();
  configuration["cni.dev/valid-attachments"] = nlohmann::json::array();
  for (const std::string& container : containers) {
    configuration["cni.dev/valid-attachments"].push_back(
        {{"containerID", container}, {"ifname", "eth0"}});
  }
  return call({.command = "GC", .container_id = "", .if_name = "", .config = configuration});
}

std::string EniNode::leftovers() const {
  // Of an unmade table ip(8) says so on stderr, as of links whose namespace is being taken down.
  return node().sh(
      "exec 2>/dev/null; ip -o link | grep -E ': ctn[a-z2-7]{12}'; ip route show table 20200; "
      "ip -6 route show table 20200; ip rule show prio 2048; ip -6 rule show prio 2048; "
      "nft -j list table inet catena | "
      "grep -oE 'ctn[a-z2-7]{12}|192[.]168[.][01][.][1-9][0-9]*|fd00:[ab]::[0-9a-f]+'; true");
}

std::string EniNode::held() const {
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

std::string EniNode::log() const {
  std::ifstream in(dir() + "/log");
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace catena::test
