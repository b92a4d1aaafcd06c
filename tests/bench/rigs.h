// The two sides of a comparison: a node namespace each, with pods' namespaces made beforehand, and
// the calls that start and stop a pod.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/launcher.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::bench {

struct Rig {
  std::string name;
  std::string plugin;     // path of the binary
  std::string conf_json;  // the network configuration, an object
  test::TempDir dir;      // where the side keeps its state
  test::ScratchNetNs node;
  std::vector<std::unique_ptr<test::ScratchNetNs>> pods;

  // Makes namespaces until there are `count`.
  void make_pods(std::size_t count);
  // The calling thread, and so what it spawns, is on the node from now on.
  void enter() const;

  Launch add_launch(std::size_t pod) const;
  // With the result of ADD as prevResult, as a runtime sends it.
  Launch del_launch(std::size_t pod, const std::string& result) const;
};

// A node with a NIC and a default route, where `plugin` runs; without a configuration.
std::unique_ptr<Rig> node_rig(const std::string& name, const std::string& plugin);
// catena-vpc-route with 172.30.0.0/16.
std::unique_ptr<Rig> our_rig();
// Debian's ptp with host-local: the same addresses, a veth, a host route, a default route.
std::unique_ptr<Rig> reference_rig();

// Where the build put our binaries; where Debian has the reference's.
std::string our_binary(const std::string& plugin);
std::string reference_binary(const std::string& plugin);

}  // namespace catena::bench
