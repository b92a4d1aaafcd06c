#include "tests/kernel/firewall/policy_scene.h"

#include <algorithm>

namespace catena::firewall::test {
namespace {

// The peers, a set a family, by a chain with a rule for each.
netpol::Rules with_peers(const std::vector<const Place*>& peers, const std::string& chain) {
  netpol::Rules rules;
  std::vector<base::IpAddress> v4;
  std::vector<base::IpAddress> v6;
  for (const Place* place : peers) {
    v4.push_back(place->v4);
    v6.push_back(place->v6);
  }
  rules.sets[kPeers4] = addresses(std::move(v4), base::Family::kIpv4);
  rules.sets[kPeers6] = addresses(std::move(v6), base::Family::kIpv6);
  rules.chains[chain].rules = {{0, 0, 0, kPeers4, {}}, {0, 0, 0, kPeers6, {}}};
  return rules;
}

}  // namespace

netpol::Set addresses(std::vector<base::IpAddress> members, base::Family family) {
  std::ranges::sort(members);
  return {netpol::SetKind::kAddresses, family, std::move(members), {}, {}};
}

netpol::Set networks(std::vector<netpol::AddressRange> members, base::Family family) {
  std::ranges::sort(members);
  return {netpol::SetKind::kNetworks, family, {}, std::move(members), {}};
}

netpol::Set endpoints(std::vector<netpol::Endpoint> members, base::Family family) {
  std::ranges::sort(members);
  return {netpol::SetKind::kEndpoints, family, {}, {}, std::move(members)};
}

netpol::Subject subject_of(const Place& pod, std::optional<std::vector<std::string>> ingress,
                           std::optional<std::vector<std::string>> egress) {
  return {{pod.v4, pod.v6}, std::move(ingress), std::move(egress)};
}

netpol::Rules into_a_from(const Scene& scene, const std::vector<const Place*>& peers) {
  netpol::Rules rules = with_peers(peers, kIngressChain);
  rules.subjects[kIdA] =
      subject_of(scene.pod_a, std::vector<std::string>{kIngressChain}, std::nullopt);
  return rules;
}

netpol::Rules out_of_a_to(const Scene& scene, const std::vector<const Place*>& peers) {
  netpol::Rules rules = with_peers(peers, kEgressChain);
  rules.subjects[kIdA] =
      subject_of(scene.pod_a, std::nullopt, std::vector<std::string>{kEgressChain});
  return rules;
}

void with_policies(const catena::test::ScratchNetNs& netns, firewall::Place where,
                   const std::function<void(Policies&)>& work) {
  netns.run([&] {
    base::Result<Policies> policies = Policies::open(where);
    ASSERT_OK(policies);
    work(*policies);
  });
}

}  // namespace catena::firewall::test
