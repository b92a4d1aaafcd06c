// The firewall tests' node, pods and neighbour, with catena-xtables to write the node's rules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/firewall/backend.h"
#include "common/netpol/rules.h"
#include "tests/kernel/firewall/scene.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace catena::xtables::test {

using firewall::test::address_of;
using firewall::test::ip;
using firewall::test::kFamilies;
using firewall::test::Place;

inline constexpr std::uint16_t kWeb = 80;
inline constexpr std::uint16_t kOther = 81;

// The lock of the iptables commands is this test's own.
class OwnLock {
 public:
  OwnLock();
  const std::string& path() const { return path_; }

 private:
  catena::test::TempDir directory_;
  std::string path_;
};

struct Scene : firewall::test::Scene {
  OwnLock lock;

  // On the node; the program of this build.
  base::Status sync(const netpol::Rules& rules) const;
  base::Status put(const netpol::Rules& rules) const;
  base::Status close_subject(const std::string& id, const Place& pod) const;
  base::Status remove_subject(const std::string& id) const;
  base::Status remove_all() const;
  base::Status can_do() const;
  std::vector<std::string> differences(const netpol::Rules& rules) const;
  std::vector<std::string> differences_of(const netpol::Rules& rules) const;
  std::vector<std::string> subjects() const;
  // The mangle tables of both families as iptables-legacy-save has them, without counters, and the
  // rules of the others where `table` is another. Without the lines of comment.
  std::string saved(const std::string& table = "mangle") const;
};

// Runs the program itself in the node's namespace.
catena::test::Outcome run_xtables(const Scene& scene, const std::vector<std::string>& words,
                                  const std::string& input = "");

struct Call {
  const Place& from;
  const Place& to;
  base::Family family = base::Family::kIpv4;
  std::uint16_t port = kWeb;
  bool tcp = true;
};

// Whether a connection, or a datagram, gets there. The second one does not wait long.
bool reaches(const Call& call);
bool is_kept_from(const Call& call);
// The same where the caller calls another address and port than the callee has (a service).
bool reaches_by(const Call& call, const base::IpAddress& address, std::uint16_t port);

// A subject with both addresses of the place; isolated by these lists.
netpol::Subject subject_of(const Place& pod);
// Of both families.
struct Pair {
  std::string v4;
  std::string v6;
};
// Sets of addresses of these places, one a family.
Pair add_peers(netpol::Rules& rules, const std::string& name, const std::vector<const Place*>& who);
// A chain that allows `peers` to that port of TCP.
void add_chain(netpol::Rules& rules, const std::string& name, const Pair& peers,
               std::uint16_t port = kWeb);
// Nobody may reach the pod, nor may it reach anybody.
netpol::Rules all_closed(const Place& pod);
// Pod B may reach pod A's TCP port 80; nobody else may, and A may reach nobody.
netpol::Rules only_b_to_a(const Scene& scene);

}  // namespace catena::xtables::test
