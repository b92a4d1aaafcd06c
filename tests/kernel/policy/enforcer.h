// Clusters as tests tell them, compiled and written into a kernel as the agent does it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/firewall/backend.h"
#include "common/firewall/policies.h"
#include "common/firewall/table.h"
#include "tests/kernel/policy/rig.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/netpol/compile.h"
#include "tests/support/netpol/story.h"

namespace catena::test::netpol {

// Who judges, and where: the node, or each pod's own namespace at the pod's NIC, as for pods that
// have an ENI of their own.
enum class Way : std::uint8_t { kNftables, kIptables, kNftablesInPods, kIptablesInPods };
inline constexpr Way kOnTheNode[] = {Way::kNftables, Way::kIptables};
inline constexpr Way kAllWays[] = {Way::kNftables, Way::kIptables, Way::kNftablesInPods,
                                   Way::kIptablesInPods};

constexpr bool is_in_pods(Way way) {
  return way == Way::kNftablesInPods || way == Way::kIptablesInPods;
}

// A rig for each way, whose rules stay there.
class Rigs {
 public:
  Rig& of(Way way);

 private:
  xtables::test::OwnLock lock_;
  std::map<Way, std::unique_ptr<Rig>> rigs_;
};

class Enforcer {
 public:
  Enforcer(Rig& rig, Way way);

  // The first time everything, whatever was there, then what changes. With nf_tables the guard is
  // there too, and every local pod is entered. Throws std::runtime_error where that fails.
  void go_to(const Cluster& cluster);
  // As Rig::can_ask; and the node has a way of its own into pods that judge for themselves.
  bool can_ask(const Flow& flow) const;

 private:
  void write_on_node();
  void write_in_pod(const std::string& id);

  Rig& rig_;
  Way way_;
  std::optional<firewall::Policies> policies_;  // kNftables
  Compiled compiled_;
  bool begun_ = false;
};

// Asks packets, of one story. What can't be asked is answered by the reference model.
Judge the_kernel(Rig& rig, Way way);

// "iptables_SCTP_not_treated_as_TCP"
std::string test_name(Way way, const std::string& name);

}  // namespace catena::test::netpol
