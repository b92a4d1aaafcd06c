// Clusters by chance, along the dimensions that published case generators have and those they lack.
#pragma once

#include <string>
#include <vector>

#include "tests/support/netpol/cluster.h"
#include "tests/support/netpol/random.h"

namespace catena::test::netpol {

// Where a pod can be. Which namespace, labels, ports and phase it has there, is chance.
struct Seat {
  std::vector<std::string> addresses;
  bool local = true;  // on this node
  // Of addresses, so many are in the pod's status; the node alone knows the others.
  std::size_t in_status = 2;
};

struct Site {
  std::vector<Seat> seats;
  std::vector<std::string> node;
  std::vector<std::string> strangers;  // addresses of no pod
  // Pods on the host's network, pods that this node knows nothing of but their addresses.
  bool odd_pods = true;
};

// Up to ten seats, of one family or both.
Site random_site(Random& random);

Cluster random_cluster(Random& random, const Site& site);
// One to three objects are others, more or fewer.
Cluster changed(Random& random, const Site& site, Cluster cluster);

// Every address that could make a difference: the site's, and the edges of ipBlocks.
std::vector<base::IpAddress> addresses_in_play(const Cluster& cluster, const Site& site);
// More often than not, one end is a pod of this node.
Flow random_flow(Random& random, const Site& site, const std::vector<base::IpAddress>& addresses);

}  // namespace catena::test::netpol
