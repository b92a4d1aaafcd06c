// Node i-a of a simulated VPC with a store of ENIs, and calls of a plugin on it as a runtime would
// make them.
#pragma once

#include <string>

#include "common/ipam/store.h"
#include "tests/kernel/sim/vpc.h"
#include "tests/support/plugin_runtime.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

class EniScene : public PluginRuntime {
 public:
  Vpc vpc;
  const ScratchNetNs& node() const { return vpc.a(); }
  std::string dir() const { return dir_.path(); }
  std::string state_dir() const { return dir_.path() + "/state"; }
  ipam::Store store() const { return {state_dir(), {}}; }
  // "192.168.0.31 bound pod-a", one a line, of what is not free or cooling.
  std::string held() const;
  std::string log() const;

 protected:
  // Where no agent is, unless the call's wrapper says so.
  EniScene(std::string plugin, int mtu) : vpc(mtu), plugin_(std::move(plugin)) {}

  // Of the kernel's default for new links and of all links.
  void set_rp_filter(const std::string& value) const;
  // An ENI in use, without its own address, in the vSwitch of the primary NIC (192.168.0.0/24 and
  // fd00:a::/64), or in the other (192.168.1.0/24 and fd00:b::/64).
  static ipam::Eni eni_record(const std::string& id, const std::string& mac,
                              const std::string& vswitch);
  void put_eni(const ipam::Eni& eni) const;
  // Version 1.1.0, with this node's stateDir and log.
  nlohmann::json config_of(const std::string& plugin) const;

 private:
  PluginSite site() const override { return site_without_agent(plugin_, node(), dir()); }
  nlohmann::json plain_config() const override { return config_of(plugin_); }

  std::string plugin_;
  TempDir dir_;
};

}  // namespace catena::test
