// Node i-a of a simulated VPC with two shared ENIs, a store that knows them, and calls of
// catena-multiip as a runtime would make them.
#pragma once

#include <string>
#include <vector>

#include "tests/kernel/sim/eni_scene.h"

namespace catena::test {

struct ScenePlan {
  std::string all_rp_filter = "0";
  int mtu = 1500;
};

// ENI eni-1 is in the primary NIC's vSwitch, eni-2 in the other. The VPC delivers .21 to .29 and
// .50 to .89 of its vSwitch (IPv6 likewise) to each; the store knows what it is told of.
class EniNode : public EniScene {
 public:
  explicit EniNode(const ScenePlan& plan = {});

  // "eni-1", {"21", "22"}: these hosts of the ENI's vSwitch, IPv4 and IPv6.
  void put_addresses(const std::string& eni, const std::vector<std::string>& hosts) const;
  // An ENI of the store that no link belongs to.
  void put_lost_eni(const std::string& id, const std::string& address) const;

  // What pods left on the node: links, host routes, rules and entries of table inet catena.
  std::string leftovers() const;

 private:
  void put_shared(const std::string& id, const std::string& mac, const std::string& vswitch) const;
};

}  // namespace catena::test
