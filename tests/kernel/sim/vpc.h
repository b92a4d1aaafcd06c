// A small VPC of the test's own, with real links.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "sim/netns_plane.h"
#include "sim/state_dir.h"
#include "tests/support/must.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

// A name below /run/netns that no other test has.
std::string netns_name(const std::string& what);
base::IpAddress ip(const std::string& text);
base::Prefix prefix(const std::string& text);
sim::PlaneNic nic(const std::string& id, const std::string& mac, const std::string& vswitch,
                  const std::vector<std::string>& addresses);

// Tries it again for `patience`.
template <typename Condition>
bool soon(Condition condition, std::chrono::milliseconds patience = std::chrono::seconds(1)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// vsw-a is 192.168.0.0/24 and fd00:a::/64, vsw-b 192.168.1.0/24 and fd00:b::/64. Node i-a is in the
// first with .10 and ::10, i-b and i-c in the second with .10 and .11 likewise.
class Vpc {
 public:
  explicit Vpc(int mtu = 1500);

  sim::NetnsPlane& plane() { return *plane_; }
  const ScratchNetNs& node(const std::string& id) const { return *nodes_.at(id); }
  // Stops the simulation.
  void end();
  // Gone from /run/netns, all of them.
  bool is_gone() const;

  const ScratchNetNs& a() const { return node("i-a"); }
  const ScratchNetNs& b() const { return node("i-b"); }
  const ScratchNetNs& c() const { return node("i-c"); }

 private:
  void add_node(const std::string& id, int number, const std::string& vswitch,
                const std::vector<std::string>& addresses, int mtu);

  TempDir dir_;
  std::unique_ptr<sim::StateDir> state_;
  std::unique_ptr<sim::NetnsPlane> plane_;
  std::map<std::string, std::unique_ptr<ScratchNetNs>> nodes_;
};

bool pings(const ScratchNetNs& from, const std::string& address);

// Whether a datagram with this source, which need not be one of its own, reaches a socket in `to`,
// where the destination is local for that time.
bool reaches(const ScratchNetNs& from, const std::string& source, const ScratchNetNs& to,
             const std::string& destination);

}  // namespace catena::test
