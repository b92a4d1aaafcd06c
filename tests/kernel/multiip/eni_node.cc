#include "tests/kernel/multiip/eni_node.h"

namespace catena::test {
namespace {

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

EniNode::EniNode(const ScenePlan& plan) : EniScene("catena-multiip", plan.mtu) {
  set_rp_filter(plan.all_rp_filter);
  node().sh("sysctl -qw net.ipv4.conf.eth0.rp_filter=" + plan.all_rp_filter);
  for (const EniPlan& eni : kEnis) {
    sim::PlaneNic card = nic(eni.id, eni.mac, eni.vswitch, delivered_to(eni));
    card.mtu = plan.mtu;
    must(vpc.plane().plug("i-a", card));
    put_shared(eni.id, eni.mac, eni.vswitch);
  }
}

void EniNode::put_shared(const std::string& id, const std::string& mac,
                         const std::string& vswitch) const {
  ipam::Eni eni = eni_record(id, mac, vswitch);
  eni.mode = ipam::kSharedMode;
  eni.address = ip(vswitch == "vsw-a" ? "192.168.0.21" : "192.168.1.21");
  put_eni(eni);
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
  put_shared(id, "00:16:3e:00:0f:0f", "vsw-a");
  must(store().change({.put_addresses = {{ip(address), id}}}));
}

std::string EniNode::leftovers() const {
  // Of an unmade table ip(8) says so on stderr, as of links whose namespace is being taken down.
  return node().sh(
      "exec 2>/dev/null; ip -o link | grep -E ': ctn[a-z2-7]{12}'; ip route show table 20200; "
      "ip -6 route show table 20200; ip rule show prio 2048; ip -6 rule show prio 2048; "
      "nft -j list table inet catena | "
      "grep -oE 'ctn[a-z2-7]{12}|192[.]168[.][01][.][1-9][0-9]*|fd00:[ab]::[0-9a-f]+'; true");
}

}  // namespace catena::test
