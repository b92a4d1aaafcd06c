#include "common/firewall/policy_plan.h"

#include <algorithm>
#include <array>
#include <endian.h>
#include <iterator>
#include <linux/rtnetlink.h>
#include <optional>
#include <string_view>

#include "common/firewall/netfilter.h"
#include "common/firewall/pod_plan.h"
#include "common/firewall/prefixes.h"

namespace catena::firewall {
namespace {

// Behind DNAT and whatever IPVS does, before SNAT (100): both ends are as the pods know them. Two
// chains, so that what one direction accepts is judged by the other all the same.
constexpr std::int32_t kEgressPriority = 94;
constexpr std::int32_t kIngressPriority = 95;
// Behind IPVS, which takes its packets out of the input hook at 98 and 99.
constexpr std::int32_t kToNodePriority = 101;
// A NIC inside a pod: as the packet is outside of it. Behind connection tracking (-200), before
// DNAT (-100) of the pod's own; behind its source NAT (100) and the guard (200).
constexpr std::int32_t kIntoNicPriority = -150;
constexpr std::int32_t kOutOfNicPriority = 201;

// NF_CT_STATE_BIT of established and related connections.
constexpr std::uint32_t kEstablishedOrRelated = 1U << 1 | 1U << 2;

constexpr std::string_view kIngressPolicies = "p-in-";
constexpr std::string_view kEgressPolicies = "p-eg-";
constexpr std::string_view kIngressSubjects = "in-";
constexpr std::string_view kEgressSubjects = "eg-";

constexpr std::array<base::Family, 2> kFamilies{base::Family::kIpv4, base::Family::kIpv6};

// Of the destination port in TCP's, UDP's and SCTP's headers.
constexpr std::uint32_t kPortOffset = 2;
constexpr std::uint32_t kPortSize = 2;

std::string network_order(std::uint16_t number) {
  const std::uint16_t wire = htobe16(number);
  return {reinterpret_cast<const char*>(&wire), sizeof wire};
}

End own_end(Direction direction) {
  return direction == Direction::kIngress ? End::kDestination : End::kSource;
}

End peer_end(Direction direction) {
  return direction == Direction::kIngress ? End::kSource : End::kDestination;
}

// Kernels before 5.7 give no interface here for anything: then the address alone decides.
Rule from_own_node() {
  Expressions expressions;
  expressions.load_meta(NFT_META_IIF)
      .compare(NFT_CMP_EQ, host_order(0))
      .load_source_kind()
      .compare(NFT_CMP_EQ, host_order(RTN_LOCAL))
      .verdict(Verdict::accept());
  return {"from the node itself", std::move(expressions)};
}

// Where `nic_name` is given, only for what the NICs under policies carry.
Expressions of_nics(std::optional<nft_meta_keys> nic_name) {
  Expressions expressions;
  if (nic_name) {
    expressions.load_meta(*nic_name).in_set(nics_set().name);
  }
  return expressions;
}

Rule neighbour_discovery(std::optional<nft_meta_keys> nic_name) {
  Expressions expressions = of_nics(nic_name);
  add_is_neighbour_discovery(expressions).verdict(Verdict::accept());
  return {"neighbour discovery", std::move(expressions)};
}

Rule by_subject(Direction direction, base::Family family, std::optional<nft_meta_keys> nic_name,
                const std::string& table) {
  Expressions expressions = of_nics(nic_name);
  expressions.is_family(family)
      .load_address(family, own_end(direction))
      .verdict_of(subjects_map(direction, family, table).name);
  return {"as the pod's policies say", std::move(expressions)};
}

PlannedChain judging(BaseChain chain, Direction direction,
                     std::optional<nft_meta_keys> nic_name = std::nullopt) {
  const std::string table = chain.table;
  PlannedChain planned{std::move(chain), {established()}};
  if (direction == Direction::kIngress && !nic_name) {
    planned.rules.push_back(from_own_node());
  }
  planned.rules.push_back(by_subject(direction, base::Family::kIpv4, nic_name, table));
  planned.rules.push_back(neighbour_discovery(nic_name));
  planned.rules.push_back(by_subject(direction, base::Family::kIpv6, nic_name, table));
  return planned;
}

bool has_prefix_of(const std::string& name, const std::vector<std::string_view>& prefixes) {
  return std::ranges::any_of(prefixes,
                             [&name](std::string_view prefix) { return name.starts_with(prefix); });
}

// "s4-...": the compiler's sets say their family in their names.
base::Result<base::Family> family_of(const std::string& set) {
  if (!is_policy_set(set)) {
    return base::Error(base::ErrorKind::kInternal, "no set of policies is called " + set);
  }
  return set[1] == '4' ? base::Family::kIpv4 : base::Family::kIpv6;
}

void match_ports(Expressions& expressions, const netpol::Rule& rule) {
  const auto protocol = static_cast<char>(rule.protocol);
  expressions.load_meta(NFT_META_L4PROTO).compare(NFT_CMP_EQ, {&protocol, 1});
  if (rule.last_port == 0) {
    return;
  }
  expressions.load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, kPortSize);
  if (rule.first_port == rule.last_port) {
    expressions.compare(NFT_CMP_EQ, network_order(rule.first_port));
  } else {
    expressions.compare(NFT_CMP_GTE, network_order(rule.first_port))
        .compare(NFT_CMP_LTE, network_order(rule.last_port));
  }
}

void match_endpoint(Expressions& expressions, base::Family family, const std::string& set) {
  const Slot behind_address = address_field(family).size / Slot{sizeof(std::uint32_t)};
  expressions.load_address(family, End::kDestination)
      .load_meta(NFT_META_L4PROTO, behind_address)
      .load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, kPortOffset, kPortSize, behind_address + 1)
      .in_set(set);
}

// The port before the peer: it costs less.
base::Result<Rule> rule_of(Direction direction, const netpol::Rule& rule) {
  Expressions expressions;
  if (rule.protocol != 0) {
    match_ports(expressions, rule);
  }
  const std::string& some_set = rule.peers.empty() ? rule.endpoints : rule.peers;
  if (!some_set.empty()) {
    const base::Family family = TRY(family_of(some_set));
    expressions.is_family(family);
    if (!rule.endpoints.empty()) {
      match_endpoint(expressions, TRY(family_of(rule.endpoints)), rule.endpoints);
    }
    if (!rule.peers.empty()) {
      expressions.load_address(family, peer_end(direction)).in_set(rule.peers);
    }
  }
  expressions.verdict(Verdict::accept());
  return Rule{"allowed", std::move(expressions)};
}

std::string endpoint_key(const netpol::Endpoint& endpoint) {
  std::string key = key_of(endpoint.address);
  key += static_cast<char>(endpoint.protocol);
  key.append(kProtocolField.size - 1, '\0');
  key += network_order(endpoint.port);
  key.append(kPortField.size - kPortSize, '\0');
  return key;
}

}  // namespace

Rule established() {
  Expressions expressions;
  expressions.load_ct(NFT_CT_STATE)
      .change_bits(kEstablishedOrRelated, 0)
      .compare(NFT_CMP_NEQ, host_order(0))
      .verdict(Verdict::accept());
  return {"a connection that was let through", std::move(expressions)};
}

Set subjects_map(Direction direction, base::Family family, const std::string& table) {
  std::string name = direction == Direction::kIngress ? "in" : "eg";
  name += family == base::Family::kIpv4 ? '4' : '6';
  return {table, std::move(name), {address_field(family)}, false, true, true};
}

std::string subject_chain(Direction direction, const std::string& id) {
  return std::string(direction == Direction::kIngress ? kIngressSubjects : kEgressSubjects) + id;
}

std::string subject_of_chain(const std::string& chain) {
  for (const std::string_view prefix : {kIngressSubjects, kEgressSubjects}) {
    if (chain.starts_with(prefix)) {
      return chain.substr(prefix.size());
    }
  }
  return {};
}

bool is_policy_set(const std::string& name) {
  return has_prefix_of(name, {"s4-", "s6-", "b4-", "b6-", "n4-", "n6-"});
}

bool is_policy_chain(const std::string& name) {
  return has_prefix_of(name, {kIngressPolicies, kEgressPolicies});
}

Plan policy_base(Place place, const std::string& table) {
  Plan plan;
  for (const Direction direction : kDirections) {
    for (const base::Family family : kFamilies) {
      plan.sets.push_back(subjects_map(direction, family, table));
    }
  }
  for (const base::Family family : kFamilies) {
    plan.sets.push_back(entered_set(family));
    plan.sets.back().table = table;
  }
  if (place == Place::kNode) {
    plan.chains = {
        judging({table, "policy-egress", "filter", NF_INET_POST_ROUTING, kEgressPriority},
                Direction::kEgress),
        judging({table, "policy-ingress", "filter", NF_INET_POST_ROUTING, kIngressPriority},
                Direction::kIngress),
        judging({table, "policy-to-node", "filter", NF_INET_LOCAL_IN, kToNodePriority},
                Direction::kEgress)};
    return plan;
  }
  plan.sets.push_back(nics_set());
  plan.sets.back().table = table;
  plan.chains = {
      judging({table, "policy-into-nic", "filter", NF_INET_PRE_ROUTING, kIntoNicPriority},
              Direction::kIngress, NFT_META_IIFNAME),
      judging({table, "policy-out-of-nic", "filter", NF_INET_POST_ROUTING, kOutOfNicPriority},
              Direction::kEgress, NFT_META_OIFNAME)};
  return plan;
}

Set set_of(const std::string& name, const netpol::Set& set, const std::string& table) {
  Set made{table, name, {address_field(set.family)}};
  made.interval = set.kind == netpol::SetKind::kNetworks;
  if (set.kind == netpol::SetKind::kEndpoints) {
    made.key.push_back(kProtocolField);
    made.key.push_back(kPortField);
  }
  return made;
}

std::vector<Element> elements_of(const netpol::Set& set) {
  std::vector<Element> elements;
  const auto single = [](std::string key) {
    return Element{std::move(key), std::nullopt, std::nullopt};
  };
  switch (set.kind) {
    case netpol::SetKind::kAddresses:
      std::ranges::transform(
          set.addresses, std::back_inserter(elements),
          [&single](const base::IpAddress& address) { return single(key_of(address)); });
      break;
    case netpol::SetKind::kEndpoints:
      std::ranges::transform(
          set.endpoints, std::back_inserter(elements),
          [&single](const netpol::Endpoint& endpoint) { return single(endpoint_key(endpoint)); });
      break;
    case netpol::SetKind::kNetworks: {
      std::vector<Interval> intervals;
      std::ranges::transform(set.networks, std::back_inserter(intervals),
                             [](const netpol::AddressRange& range) {
                               return Interval{range.first, range.last};
                             });
      elements = elements_of(intervals);
      break;
    }
  }
  return elements;
}

std::vector<Element> elements_of_addresses(const std::vector<base::IpAddress>& addresses,
                                           base::Family family, const std::string& chain) {
  std::vector<Element> elements;
  for (const base::IpAddress& address : addresses) {
    if (address.family() == family) {
      elements.push_back({key_of(address), std::nullopt, Verdict::go_to(chain)});
    }
  }
  return elements;
}

base::Result<std::vector<Rule>> rules_of(const std::string& name, const netpol::Chain& chain) {
  if (!is_policy_chain(name)) {
    return base::Error(base::ErrorKind::kInternal, "no chain of policies is called " + name);
  }
  const Direction direction =
      name.starts_with(kIngressPolicies) ? Direction::kIngress : Direction::kEgress;
  std::vector<Rule> rules;
  rules.reserve(chain.rules.size());
  for (const netpol::Rule& rule : chain.rules) {
    rules.push_back(TRY(rule_of(direction, rule)));
  }
  return rules;
}

std::vector<Rule> rules_of_subject(const std::vector<std::string>& chains) {
  std::vector<Rule> rules;
  rules.reserve(chains.size() + 1);
  for (const std::string& chain : chains) {
    Expressions expressions;
    expressions.verdict(Verdict::jump(chain));
    rules.push_back({"what a policy allows", std::move(expressions)});
  }
  Expressions expressions;
  expressions.verdict(Verdict::drop());
  rules.push_back({"nothing else", std::move(expressions)});
  return rules;
}

}  // namespace catena::firewall
