#include "xtables/layout.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <netinet/in.h>
#include <optional>

#include "common/base/hash.h"
#include "common/base/text.h"

namespace catena::xtables {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;

constexpr char kPostrouting[] = "CATENA-POSTROUTING";
constexpr char kInput[] = "CATENA-INPUT";
// Neighbour discovery (RFC 4861, 133 to 137): not a connection, and nothing works without it.
constexpr int kFirstDiscovery = 133;
constexpr int kLastDiscovery = 137;
// So many rules in a row cost less than a second level.
constexpr std::size_t kMostInARow = 8;

const char* root_of(Direction direction) {
  return direction == Direction::kIngress ? "CATENA-INGRESS" : "CATENA-EGRESS";
}

std::string hex(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string chain_name(Direction direction, char kind, const std::string& what) {
  std::string name(kChainPrefix);
  name += direction == Direction::kIngress ? 'I' : 'E';
  name += kind;
  return name + "-" + hex(base::hash64(what));
}

std::string list_name(Direction direction, const std::vector<std::string>& policies) {
  return chain_name(direction, 'L', base::join(policies, " "));
}

Rule returning(std::vector<std::string> matches) {
  Rule rule;
  rule.matches = std::move(matches);
  rule.target = kReturn;
  return rule;
}

Rule jump_to(const std::string& chain) {
  Rule rule;
  rule.target = chain;
  return rule;
}

const char* match_of(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_SCTP:
      return "sctp";
    default:
      return nullptr;
  }
}

// What of a rule depends on whom it is about: the other end is the source of what comes in.
std::string set_match(const std::string& set, const char* dimensions) {
  return "set --match-set " + set_name(set) + " " + dimensions;
}

// Turns the policies of one list into rules.
class ListWriter {
 public:
  ListWriter(const netpol::Rules& model, Family family, Direction direction)
      : model_(model), family_(family), direction_(direction) {}

  base::Result<std::vector<Rule>> write(const std::vector<std::string>& policies) {
    std::vector<Rule> rules;
    for (const std::string& policy : policies) {
      const auto chain = model_.chains.find(policy);
      if (chain == model_.chains.end()) {
        return Error(ErrorKind::kUndecodable, "the model has no chain " + policy);
      }
      for (const netpol::Rule& rule : chain->second.rules) {
        if (TRY(concerns(rule, policy))) {
          rules.push_back(TRY(translate(rule, policy)));
        }
      }
    }
    rules.push_back(jump_to(kDrop));
    return rules;
  }

 private:
  // Whether the rule is about this family: by its sets.
  base::Result<bool> concerns(const netpol::Rule& rule, const std::string& policy) const {
    for (const std::string* name : {&rule.peers, &rule.endpoints}) {
      if (name->empty()) {
        continue;
      }
      const auto set = model_.sets.find(*name);
      if (set == model_.sets.end()) {
        return Error(ErrorKind::kUndecodable,
                     "chain " + policy + " needs set " + *name + ", which the model does not have");
      }
      if (set->second.family != family_) {
        return false;
      }
    }
    return true;
  }

  base::Result<Rule> translate(const netpol::Rule& rule, const std::string& policy) const {
    Rule translated = returning({});
    translated.protocol = rule.protocol;
    if (rule.first_port != 0 || rule.last_port != 0) {
      const char* const match = match_of(rule.protocol);
      if (match == nullptr) {
        return Error(ErrorKind::kUndecodable, "chain " + policy + " has a port of protocol " +
                                                  std::to_string(rule.protocol));
      }
      translated.matches.push_back(std::string(match) + " --dport " +
                                   std::to_string(rule.first_port) + ":" +
                                   std::to_string(rule.last_port));
    }
    if (!rule.endpoints.empty()) {
      translated.matches.push_back(set_match(rule.endpoints, "dst,dst"));
    }
    if (!rule.peers.empty()) {
      const bool incoming = direction_ == Direction::kIngress;
      translated.matches.push_back(set_match(rule.peers, incoming ? "src" : "dst"));
    }
    return translated;
  }

  const netpol::Rules& model_;
  Family family_;
  Direction direction_;
};

// Of one direction, sorted by address.
std::vector<Isolation> those_of(const std::set<Isolation>& isolations, Direction direction) {
  std::vector<Isolation> found;
  std::ranges::copy_if(isolations, std::back_inserter(found),
                       [direction](const Isolation& one) { return one.direction == direction; });
  return found;
}

struct Groups {
  std::size_t count = 0;
  std::size_t largest = 0;
};

Groups groups_at(const std::vector<Isolation>& sorted, int length) {
  Groups groups;
  std::size_t size = 0;
  std::optional<base::Prefix> current;
  for (const Isolation& one : sorted) {
    if (!current.has_value() || !current->contains(one.address)) {
      current = base::Prefix(one.address, length);
      ++groups.count;
      size = 0;
    }
    groups.largest = std::max(groups.largest, ++size);
  }
  return groups;
}

// The prefix length that makes the fewest rules to look at, at worst.
int best_length(const std::vector<Isolation>& sorted) {
  int best = 0;
  std::size_t least = sorted.size() + 1;
  for (int length = 1; length < sorted.front().address.bits(); ++length) {
    const Groups groups = groups_at(sorted, length);
    if (groups.count + groups.largest < least) {
      least = groups.count + groups.largest;
      best = length;
    }
  }
  return best;
}

void select(Rule& rule, Direction direction, const base::Prefix& addresses) {
  (direction == Direction::kIngress ? rule.destination : rule.source) = addresses;
}

Rule rule_for(const Isolation& one) {
  Rule rule;
  select(rule, one.direction, base::Prefix::host(one.address));
  rule.matches = {"comment --comment " + one.subject};
  rule.target = one.list;
  rule.go = true;
  return rule;
}

// Two levels: a rule for each prefix, which leads to a chain with a rule for each of its addresses.
void add_dispatch(Chains& chains, const std::vector<Isolation>& sorted, Direction direction) {
  std::vector<Rule>& root = chains[root_of(direction)];
  if (sorted.size() <= kMostInARow) {
    std::ranges::transform(sorted, std::back_inserter(root), rule_for);
    return;
  }
  const int length = best_length(sorted);
  for (const Isolation& one : sorted) {
    const base::Prefix prefix(base::Prefix(one.address, length).network(), length);
    const std::string leaf = chain_name(direction, 'A', prefix.to_string());
    if (!chains.contains(leaf)) {
      Rule rule;
      select(rule, direction, prefix);
      rule.target = leaf;
      rule.go = true;
      root.push_back(std::move(rule));
    }
    chains[leaf].push_back(rule_for(one));
  }
}

// What every path begins with: nothing that goes on is judged anew.
std::vector<Rule> path_start(Family family) {
  std::vector<Rule> rules{returning({"conntrack --ctstate RELATED,ESTABLISHED"})};
  for (int type = kFirstDiscovery; family == Family::kIpv6 && type <= kLastDiscovery; ++type) {
    Rule rule = returning({"icmp6 --icmpv6-type " + std::to_string(type)});
    rule.protocol = IPPROTO_ICMPV6;
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

std::string set_name(const std::string& name) { return std::string(kSetPrefix) + name; }

base::Result<Layout> layout_of(const netpol::Rules& model, Family family) {
  Layout layout;
  for (const auto& [id, subject] : model.subjects) {
    const std::array<std::pair<Direction, const std::optional<std::vector<std::string>>*>, 2>
        directions{std::pair{Direction::kIngress, &subject.ingress},
                   std::pair{Direction::kEgress, &subject.egress}};
    for (const auto& [direction, policies] : directions) {
      if (!policies->has_value()) {
        continue;
      }
      const std::string list = list_name(direction, **policies);
      bool used = false;
      for (const base::IpAddress& address : subject.addresses) {
        if (address.family() == family) {
          layout.isolations.insert({direction, address, id, list});
          used = true;
        }
      }
      if (used && !layout.lists.contains(list)) {
        layout.lists.emplace(list, TRY(ListWriter(model, family, direction).write(**policies)));
      }
    }
  }
  return layout;
}

Chains paths_of(const std::set<Isolation>& isolations, Family family, const std::string& nic) {
  Chains chains;
  std::vector<Rule> postrouting = path_start(family);
  std::vector<Rule> input = postrouting;
  postrouting.push_back(jump_to(root_of(Direction::kEgress)));
  if (nic.empty()) {
    // The node itself may always talk to its pods (kubelet's probes).
    postrouting.push_back(returning({"addrtype --src-type LOCAL"}));
    postrouting.push_back(jump_to(root_of(Direction::kIngress)));
    input.push_back(jump_to(root_of(Direction::kEgress)));
  } else {
    input.push_back(jump_to(root_of(Direction::kIngress)));
  }
  chains.emplace(kPostrouting, std::move(postrouting));
  chains.emplace(kInput, std::move(input));
  for (const Direction direction : {Direction::kIngress, Direction::kEgress}) {
    add_dispatch(chains, those_of(isolations, direction), direction);
  }
  return chains;
}

std::vector<Hook> hooks_of(const std::string& nic) {
  Rule out = jump_to(kPostrouting);
  out.out = nic;
  Rule in = jump_to(kInput);
  in.in = nic;
  return {{"POSTROUTING", std::move(out)}, {"INPUT", std::move(in)}};
}

}  // namespace catena::xtables
