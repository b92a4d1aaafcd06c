// Clusters as tests tell them, compiled and written into a kernel as the agent does it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/firewall/backend.h"
#include "common/firewall/policies.h"
#include "tests/kernel/policy/rig.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/netpol/compile.h"
#include "tests/support/netpol/story.h"

namespace catena::test::netpol {

inline constexpr firewall::Backend kBackends[] = {firewall::Backend::kNftables,
                                                  firewall::Backend::kIptables};

// A rig for each back end, whose rules stay there.
class Rigs {
 public:
  Rig& of(firewall::Backend backend) {
    return backend == firewall::Backend::kNftables ? nftables_ : iptables_;
  }

 private:
  xtables::test::OwnLock lock_;
  Rig nftables_;
  Rig iptables_;
};

class Enforcer {
 public:
  // kNftables or kIptables.
  Enforcer(Rig& rig, firewall::Backend backend);

  // The first time everything, whatever was there, then what changes. Throws std::runtime_error
  // where that fails.
  void go_to(const Cluster& cluster);

 private:
  Rig& rig_;
  std::optional<firewall::Policies> policies_;
  Compiled compiled_;
  bool begun_ = false;
};

// Asks packets. What the rig can't ask must be allowed by the reference model.
std::vector<bool> packets_pass(Rig& rig, const Cluster& cluster, const std::vector<Flow>& flows);
// Of one story.
Judge the_kernel(Rig& rig, firewall::Backend backend);

// "iptables_SCTP_not_treated_as_TCP"
std::string test_name(firewall::Backend backend, const std::string& name);

}  // namespace catena::test::netpol
