// Random clusters, changed step by step: packets get where the reference model lets them, and
// nowhere else. All pairs of addresses, by several protocols and ports, and flows from and to the
// edges of ipBlocks.
//   CATENA_FULL=1        200 clusters for each back end and place instead of 10 and 4
//   CATENA_SEED=<n>      begins with cluster n
//   CATENA_CLUSTERS=<n>  that many
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/kernel/policy/enforcer.h"
#include "tests/support/netpol/minimise.h"
#include "tests/support/netpol/random_cluster.h"
#include "tests/support/netpol/reference.h"

namespace catena::test::netpol {
namespace {

using base::IpAddress;

constexpr std::uint64_t kShare = 10;
// Written pod by pod, they take longer.
constexpr std::uint64_t kShareInPods = 4;
constexpr std::uint64_t kAll = 200;
// Of each site: the first from nothing, the others by changes.
constexpr std::uint64_t kSteps = 2;
// From and to whatever address could make a difference.
constexpr int kEdgeFlows = 300;

std::uint64_t number_in(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

struct Service {
  std::uint8_t protocol;
  std::uint16_t port;
};
constexpr Service kServices[] = {{IPPROTO_TCP, 80},  {IPPROTO_TCP, 81},   {IPPROTO_TCP, 8080},
                                 {IPPROTO_UDP, 80},  {IPPROTO_UDP, 8080}, {IPPROTO_SCTP, 80},
                                 {IPPROTO_SCTP, 81}, {IPPROTO_ICMP, 0}};

std::vector<IpAddress> addresses_of(const Site& site) {
  std::vector<IpAddress> all;
  const auto add = [&all](const std::vector<std::string>& texts) {
    std::ranges::transform(texts, std::back_inserter(all), address_of);
  };
  add(site.node);
  add(site.strangers);
  for (const Seat& seat : site.seats) {
    add(seat.addresses);
  }
  return all;
}

std::vector<Flow> all_pairs(const Site& site) {
  const std::vector<IpAddress> addresses = addresses_of(site);
  std::vector<Flow> flows;
  for (const IpAddress& source : addresses) {
    for (const IpAddress& destination : addresses) {
      if (source.family() != destination.family()) {
        continue;
      }
      for (const auto& [protocol, port] : kServices) {
        const bool is_icmp6 = protocol == IPPROTO_ICMP && !source.is_v4();
        flows.push_back(
            {source, destination, is_icmp6 ? std::uint8_t{IPPROTO_ICMPV6} : protocol, port});
      }
    }
  }
  return flows;
}

// A site's clusters, one after the other, judged one way.
class Walk {
 public:
  Walk(std::uint64_t seed, Rig& rig, Way way)
      : random_(seed), site_(random_site(random_)), rig_(rig), enforcer_(rig, way), way_(way) {}

  // False, and the test failed, at the first that goes wrong.
  bool go(std::uint64_t steps) {
    for (std::uint64_t step = 0; step < steps; ++step) {
      const Cluster before = std::exchange(
          now_, step == 0 ? random_cluster(random_, site_) : changed(random_, site_, now_));
      enforcer_.go_to(now_);
      if (!flows_agree(before)) {
        return false;
      }
    }
    return true;
  }
  std::size_t flows() const { return flows_; }
  std::size_t passed() const { return passed_; }

 private:
  bool flows_agree(const Cluster& before) {
    std::vector<Flow> flows = all_pairs(site_);
    const std::vector<IpAddress> in_play = addresses_in_play(now_, site_);
    for (int count = 0; count < kEdgeFlows; ++count) {
      flows.push_back(random_flow(random_, site_, in_play));
    }
    std::erase_if(flows, [this](const Flow& flow) { return !enforcer_.can_ask(flow); });
    const std::vector<bool> arrived = rig_.arrive(flows);
    flows_ += flows.size();
    for (std::size_t at = 0; at < flows.size(); ++at) {
      passed_ += arrived[at] ? std::size_t{1} : std::size_t{0};
      if (arrived[at] != allowed(now_, flows[at])) {
        ADD_FAILURE() << report(before, flows[at]);
        return false;
      }
    }
    return true;
  }

  // Whether the flow goes wrong in the last of these, written one after the other.
  bool fails(const std::vector<Cluster>& steps, const Flow& flow) {
    try {
      Enforcer fresh(rig_, way_);
      for (const Cluster& step : steps) {
        fresh.go_to(step);
      }
      return fresh.can_ask(flow) && rig_.arrive({flow}).front() != allowed(steps.back(), flow);
    } catch (const std::exception&) {
      return false;  // no cluster that the decoders take
    }
  }

  std::string report(const Cluster& before, const Flow& flow) {
    const std::string wrong =
        to_string(flow) + (allowed(now_, flow) ? " should pass" : " should not pass");
    if (fails({now_}, flow)) {
      const Cluster least =
          smallest(now_, [&](const Cluster& fewer) { return fails({fewer}, flow); });
      return wrong + " in\n" + least.dump(1);
    }
    if (before.is_null() || !fails({before, now_}, flow)) {
      return wrong + "; seen once, and not again in\n" + now_.dump(1);
    }
    const Cluster after = smallest(now_, [&](const Cluster& fewer) {
      return fails({before, fewer}, flow);
    });
    const Cluster first = smallest(before, [&](const Cluster& fewer) {
      return fails({fewer, after}, flow);
    });
    return wrong + "; written from nothing it is right, by a change it is not. Before:\n" +
           first.dump(1) + "\nafter:\n" + after.dump(1);
  }

  Random random_;
  Site site_;
  Rig& rig_;
  Enforcer enforcer_;
  Way way_;
  Cluster now_;
  std::size_t flows_ = 0;
  std::size_t passed_ = 0;
};

class RandomClusters : public testing::TestWithParam<Way> {};

TEST_P(RandomClusters, LetPassWhatTheApisTextAllows) {
  const bool full = number_in("CATENA_FULL", 0) == 1;
  const std::uint64_t share = is_in_pods(GetParam()) ? kShareInPods : kShare;
  const std::uint64_t clusters = number_in("CATENA_CLUSTERS", full ? kAll : share);
  const std::uint64_t first = number_in("CATENA_SEED", 1);
  Rigs rigs;
  std::size_t flows = 0;
  std::size_t passed = 0;
  for (std::uint64_t seed = first; seed < first + clusters / kSteps; ++seed) {
    Walk walk(seed, rigs.of(GetParam()), GetParam());
    ASSERT_TRUE(walk.go(kSteps)) << "CATENA_SEED=" << seed << " CATENA_CLUSTERS=" << kSteps;
    flows += walk.flows();
    passed += walk.passed();
  }
  std::cout << clusters << " clusters, " << flows << " flows, of which " << passed << " pass\n";
}

INSTANTIATE_TEST_SUITE_P(, RandomClusters, testing::ValuesIn(kAllWays),
                         [](const auto& tested) { return test_name(tested.param, ""); });

}  // namespace
}  // namespace catena::test::netpol
