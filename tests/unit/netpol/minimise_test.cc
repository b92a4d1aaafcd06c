#include "tests/support/netpol/minimise.h"

#include <gtest/gtest.h>

#include "tests/support/netpol/random_cluster.h"
#include "tests/support/netpol/reference.h"

namespace catena::test::netpol {
namespace {

TEST(Minimise, LeavesOfAClusterWhatAMismatchNeeds) {
  // A judge that knows nothing of ipBlocks: the smallest cluster that shows it has one policy with
  // one rule with one peer, and one pod.
  Random random(7);
  const Site site = random_site(random);
  int found = 0;
  while (found < 20) {
    const Cluster cluster = random_cluster(random, site);
    const Flow flow = random_flow(random, site, addresses_in_play(cluster, site));
    const auto fails = [&](const Cluster& one) {
      Cluster blind = one;
      for (auto& policy : blind["policies"]) {
        if (policy["spec"].contains("ingress")) {
          for (auto& rule : policy["spec"]["ingress"]) {
            for (auto& peer : rule.contains("from") ? rule["from"] : rule) {
              if (peer.contains("ipBlock")) {
                peer["ipBlock"]["cidr"] = "255.255.255.255/32";
              }
            }
          }
        }
      }
      return allowed(one, flow) && !allowed(blind, flow);
    };
    if (!fails(cluster)) {
      continue;
    }
    ++found;
    const Cluster least = smallest(cluster, fails);
    EXPECT_TRUE(fails(least));
    EXPECT_EQ(least["policies"].size(), 1U) << least.dump(1);
    EXPECT_EQ(least["pods"].size(), 1U) << least.dump(1);
    EXPECT_EQ(least["policies"][0]["spec"]["ingress"].size(), 1U) << least.dump(1);
    EXPECT_EQ(least["policies"][0]["spec"]["ingress"][0]["from"].size(), 1U) << least.dump(1);
  }
}

}  // namespace
}  // namespace catena::test::netpol
