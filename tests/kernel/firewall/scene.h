// A node with two pods and a neighbour outside: real links, addresses and routes in namespaces of
// the test's own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/firewall/table.h"
#include "tests/support/probe.h"
#include "tests/support/scratch_netns.h"

namespace catena::firewall::test {

inline base::IpAddress ip(const std::string& text) { return base::IpAddress::parse(text).value(); }
inline base::Prefix net(const std::string& text) { return base::Prefix::parse(text).value(); }

// An end of the scene with its addresses.
struct Place {
  catena::test::ScratchNetNs netns;
  base::IpAddress v4;
  base::IpAddress v6;
  std::string if_name;  // pods: of the host's end; outside: of the node's end
};

struct Scene {
  Scene();
  // Opens a Table in the node's namespace and uses it there.
  void at_node(const std::function<void(Table&)>& work) const;
  // Both addresses of the place on its interface.
  static std::vector<Entry> entries_of(const Place& place);

  Place node;
  Place pod_a;
  Place pod_b;
  Place outside;
  // Further addresses of `outside`.
  base::IpAddress far4 = ip("198.51.100.7");
  base::IpAddress far6 = ip("fd00:9::7");
};

// Whether both UDP and TCP get from one to the other over that family, or neither; a difference
// fails the test. The second form waits for arrivals, the first does not wait long.
bool open(const Place& from, const Place& to, base::Family family);
bool closed(const Place& from, const Place& to, base::Family family);

inline constexpr base::Family kFamilies[] = {base::Family::kIpv4, base::Family::kIpv6};

inline base::IpAddress address_of(const Place& place, base::Family family) {
  return family == base::Family::kIpv4 ? place.v4 : place.v6;
}

}  // namespace catena::firewall::test
