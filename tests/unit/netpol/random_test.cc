// Random clusters, changed step by step: what the compiler's rules let pass is what the reference
// model does.
//   CATENA_FULL=1        100,000 clusters instead of 3,000
//   CATENA_SEED=<n>      begins with cluster n
//   CATENA_CLUSTERS=<n>  that many
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "common/netpol/judge.h"
#include "tests/support/netpol/compile.h"
#include "tests/support/netpol/evaluator.h"
#include "tests/support/netpol/minimise.h"
#include "tests/support/netpol/random_cluster.h"
#include "tests/support/netpol/reference.h"

namespace catena::test::netpol {
namespace {

using catena::netpol::Rules;

constexpr std::uint64_t kShare = 3'000;
constexpr std::uint64_t kAll = 100'000;
// Of each site: the first from nothing, the others by changes.
constexpr std::uint64_t kSteps = 5;
constexpr int kFlows = 100;
constexpr int kEachJudged = 10;  // of the flows

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

bool disagree(const Cluster& cluster, const Rules& rules, const Flow& flow) {
  return passes(rules, node_of(cluster), flow) != allowed(cluster, flow);
}

// The smallest cluster that goes wrong when it is compiled from nothing, or nothing.
std::string smallest_from_nothing(const Cluster& cluster, const Flow& flow) {
  const auto fails = [&](const Cluster& one) {
    try {
      return disagree(one, compiled(one), flow);
    } catch (const std::exception&) {
      return false;  // no cluster that the decoders take
    }
  };
  return fails(cluster) ? smallest(cluster, fails).dump(1) : std::string();
}

std::string report(const Cluster& before, const Cluster& cluster, const Flow& flow) {
  const std::string truth = allowed(cluster, flow) ? " should pass" : " should not pass";
  const std::string least = smallest_from_nothing(cluster, flow);
  if (!least.empty()) {
    return to_string(flow) + truth + " in\n" + least;
  }
  return to_string(flow) + truth + "; compiled from nothing it is right, by a change it is not.\n" +
         "Before:\n" + before.dump(1) + "\nafter:\n" + cluster.dump(1);
}

// Whether what Catena says by itself of a connection that runs is what the firewall would do.
bool judged_alike(const catena::netpol::Judge& judge, const Rules& rules, const Cluster& cluster,
                  const Flow& flow) {
  const std::vector<base::IpAddress> node = node_of(cluster);
  const auto [egress, ingress] =
      judge.judge({flow.source, flow.destination, flow.protocol, flow.port});
  const bool from_node = std::ranges::find(node, flow.source) != node.end();
  return (egress && (from_node || ingress)) == passes(rules, node, flow);
}

// Of one pod, which need not leave it.
bool is_own(const Rules& rules, const Flow& flow) {
  return std::ranges::any_of(rules.subjects, [&flow](const auto& entry) {
    const auto& own = entry.second.addresses;
    return std::ranges::find(own, flow.source) != own.end() &&
           std::ranges::find(own, flow.destination) != own.end();
  });
}

class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed), site_(random_site(random_)) {}

  // False, and the test failed, at the first that goes wrong.
  bool go(std::uint64_t steps) {
    Cluster before = now_;
    for (std::uint64_t step = 0; step < steps; ++step) {
      before = std::exchange(
          now_, step == 0 ? random_cluster(random_, site_) : changed(random_, site_, now_));
      compiled_.go_to(now_);
      if (!promises_hold() || !flows_agree(before)) {
        return false;
      }
    }
    return true;
  }

 private:
  bool promises_hold() {
    kept_ = applied(kept_, compiled_.compiler().take_changes());
    EXPECT_TRUE(kept_ == compiled_.rules()) << "take_changes() leads elsewhere than to rules()";
    EXPECT_TRUE(compiled_.rules() == compiled(now_)) << "other rules than from nothing";
    EXPECT_EQ(broken_promises(compiled_.rules()), std::vector<std::string>());
    return !testing::Test::HasFailure();
  }

  bool flows_agree(const Cluster& before) {
    const std::vector<base::IpAddress> addresses = addresses_in_play(now_, site_);
    const Rules& rules = compiled_.rules();
    const catena::netpol::Judge judge(rules);
    for (int count = 0; count < kFlows; ++count) {
      const Flow flow = random_flow(random_, site_, addresses);
      if (disagree(now_, compiled_.rules(), flow)) {
        ADD_FAILURE() << report(before, now_, flow);
        return false;
      }
      if (count % kEachJudged == 0 && !is_own(rules, flow) &&
          !judged_alike(judge, rules, now_, flow)) {
        ADD_FAILURE() << to_string(flow) << " is judged otherwise than by the firewall";
        return false;
      }
    }
    return true;
  }

  Random random_;
  Site site_;
  Cluster now_;
  Compiled compiled_;
  Rules kept_;
};

TEST(RandomClusters, AreCompiledToWhatTheApisTextAllows) {
  const bool full = number_in("CATENA_FULL", 0) == 1;
  const std::uint64_t clusters = number_in("CATENA_CLUSTERS", full ? kAll : kShare);
  const std::uint64_t first = number_in("CATENA_SEED", 1);
  for (std::uint64_t seed = first; seed < first + clusters / kSteps; ++seed) {
    ASSERT_TRUE(Walk(seed).go(kSteps)) << "CATENA_SEED=" << seed << " CATENA_CLUSTERS=" << kSteps;
  }
  std::cout << clusters << " clusters, " << clusters * kFlows << " flows\n";
}

}  // namespace
}  // namespace catena::test::netpol
