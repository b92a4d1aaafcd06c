// Node i-a of a simulated VPC with exclusive ENIs and a shared one, a store that knows them, and
// calls of the plugins as a runtime would make them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "tests/kernel/sim/eni_scene.h"

namespace catena::test {

struct OwnEniPlan {
  std::string all_rp_filter = "0";
  int mtu = 1500;
  int enis = 2;  // exclusive ones: eni-1, eni-2, eni-3
};

// eni-1 (192.168.0.31, fd00:a::31) is in the primary NIC's vSwitch, eni-2 (192.168.1.32,
// fd00:b::32) and eni-3 (192.168.1.33, fd00:b::33) in the other; eni-s is shared, with .41 and .42
// of the other. The routes of the pod networks 172.30.1.0/24 and fd00:30:1::/64 lead to this node.
class OwnEniNode : public EniScene {
 public:
  explicit OwnEniNode(const OwnEniPlan& plan = {});

  // Plugs and stores another exclusive ENI, as the agent would; `number` is 1 to 9.
  void plug_eni(int number, int mtu = 1500);
  void put_eni(int number) const;
  static std::string mac_of(int number);

  // Of a plugin that serves pods behind catena-eni: "catena-multiip", "catena-vpc-route".
  Answer add_shared(const std::string& plugin, const ScratchNetNs& pod,
                    const std::string& container, bool ipv4 = true) const;
  void del_shared(const std::string& plugin, const ScratchNetNs& pod,
                  const std::string& container) const;

  // What pods left on the node: links, routes, rules of ENIs, entries of table inet catena.
  std::string leftovers() const;
  // "eth1 00:16:3e:00:02:01 down", one a line, of ENIs' NICs on the node but the primary one.
  std::string nics() const;

 private:
  // "when": "always", service network 10.96.0.0/16.
  nlohmann::json plain_config() const override;
};

}  // namespace catena::test
