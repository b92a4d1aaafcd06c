#include "common/netpol/explain.h"

#include <algorithm>

#include "common/netpol/chains.h"
#include "common/netpol/member_spec.h"

namespace catena::netpol {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;

// One end as the cluster has it.
struct Found {
  std::vector<const Pod*> pods;  // at that address; one where it was named
  std::vector<IpAddress> addresses;
};

struct Talk {
  const Compiler& compiler;
  const Question& question;
  const std::vector<const Pod*>& others;  // pods at the other end
  std::optional<IpAddress> other;
  Direction direction;
};

bool is_same(const Pod* pod, const Pod* other) {
  return pod->space == other->space && pod->name == other->name;
}

std::string text_of(const Key& key) { return key.first + "/" + key.second; }

Result<Found> find_pod(const Compiler& compiler, const End& end) {
  const auto pod = compiler.pods().find(*end.pod);
  if (pod == compiler.pods().end()) {
    return Error(ErrorKind::kNotFound, "no pod " + text_of(*end.pod) + " is known")
        .advice("see `kubectl get pods -n " + end.pod->first + "`");
  }
  Found found{.pods = {&pod->second}, .addresses = compiler.addresses_of(pod->second)};
  if (pod->second.ignored) {
    found.addresses = pod->second.addresses;
  }
  if (end.address) {
    if (std::ranges::find(found.addresses, *end.address) == found.addresses.end()) {
      return Error(ErrorKind::kNotFound,
                   "pod " + text_of(*end.pod) + " has no address " + end.address->to_string());
    }
    found.addresses = {*end.address};
  }
  return found;
}

Result<Found> find_end(const Compiler& compiler, const End& end) {
  if (end.pod) {
    return find_pod(compiler, end);
  }
  if (!end.address) {
    return Error(ErrorKind::kBadConfig, "one end is neither a pod nor an address");
  }
  return Found{.pods = compiler.pods_at(*end.address), .addresses = {*end.address}};
}

// The first addresses of both that can talk with one another.
void choose_addresses(const Found& source, const Found& destination, Explanation& explanation) {
  for (const IpAddress& from : source.addresses) {
    for (const IpAddress& to : destination.addresses) {
      if (from.family() == to.family()) {
        explanation.source = from;
        explanation.destination = to;
        return;
      }
    }
  }
  if (destination.addresses.empty() && !source.addresses.empty()) {
    explanation.source = source.addresses.front();
  } else if (source.addresses.empty() && !destination.addresses.empty()) {
    explanation.destination = destination.addresses.front();
  }
}

bool has_named_port(const Pod& pod, const Port& port, std::uint16_t number) {
  return std::ranges::any_of(pod.ports, [&](const NamedPort& of) {
    return of.name == port.name && of.protocol == port.protocol && of.port == number;
  });
}

// `named_of`: the destination where names mean something of it; null where they don't.
bool port_matches(const PolicyRule& rule, const Question& question, const Pod* named_of) {
  const auto matches = [&](const Port& port) {
    if (port.protocol != question.protocol) {
      return false;
    }
    if (!port.name.empty()) {
      return named_of != nullptr && has_named_port(*named_of, port, question.port);
    }
    return port.last == 0 || (port.first <= question.port && question.port <= port.last);
  };
  return rule.ports.empty() || std::ranges::any_of(rule.ports, matches);
}

bool block_matches(const IpBlock& block, const std::optional<IpAddress>& address) {
  return address && block.cidr.contains(*address) &&
         std::ranges::none_of(
             block.except, [&](const base::Prefix& except) { return except.contains(*address); });
}

bool pod_matches(const Talk& talk, const Term& term, const Pod& pod) {
  return !pod.ignored && selects_namespace(term, pod.space, talk.compiler.namespaces()) &&
         term.pods.matches(pod.labels);
}

struct Match {
  bool peer = false;
  bool port = false;
  bool both = false;

  void add(bool peer_matches, bool its_port_matches) {
    peer |= peer_matches;
    port |= its_port_matches;
    both |= peer_matches && its_port_matches;
  }
};

// The peers that have a pod of their own decide for themselves what a port's name means.
Match match(const Talk& talk, const Policy& policy, const PolicyRule& rule, const Pod& subject) {
  const bool is_ingress = talk.direction == Direction::kIngress;
  Match found;
  const auto add = [&](const Peer* peer, const Pod* other) {
    const Pod* named_of = is_ingress ? &subject : other;
    bool matches = peer == nullptr;
    if (peer != nullptr && !peer->block) {
      matches = other != nullptr && pod_matches(talk, term_of(*peer, policy.space), *other);
    } else if (peer != nullptr) {
      named_of = is_ingress ? &subject : nullptr;
      matches = block_matches(*peer->block, talk.other);
    }
    found.add(matches, port_matches(rule, talk.question, named_of));
  };
  std::vector<const Peer*> peers(1, nullptr);
  if (!rule.peers.empty()) {
    peers.clear();
    std::ranges::transform(rule.peers, std::back_inserter(peers),
                           [](const Peer& peer) { return &peer; });
  }
  for (const Peer* peer : peers) {
    add(peer, nullptr);
    std::ranges::for_each(talk.others,
                          [&](const Pod* other) { add(peer, other->ignored ? nullptr : other); });
  }
  return found;
}

void judge_policy(const Talk& talk, const Policy& policy, const Pod& subject, Verdict& verdict) {
  const auto& rules = rules_in(policy, talk.direction);
  if (!rules || !policy.pods.matches(subject.labels)) {
    return;
  }
  verdict.policies.push_back(policy.name);
  for (std::size_t i = 0; i < rules->size(); ++i) {
    const Match found = match(talk, policy, rules->at(i), subject);
    const RuleName name{.policy = policy.name, .rule = i};
    if (found.both) {
      verdict.allowing.push_back(name);
    } else if (found.peer) {
      verdict.other_port.push_back(name);
    } else if (found.port) {
      verdict.other_peer.push_back(name);
    }
  }
}

Why why_of(const Verdict& verdict) {
  if (verdict.policies.empty()) {
    return Why::kNotIsolated;
  }
  return verdict.allowing.empty() ? Why::kNoRule : Why::kRule;
}

Verdict judge(const Talk& talk, const std::vector<const Pod*>& subjects) {
  Verdict verdict;
  if (subjects.empty()) {
    return verdict;
  }
  const Pod& subject = *subjects.front();
  verdict.pod = subject.space + "/" + subject.name;
  if (subject.ignored) {
    verdict.why = Why::kIgnored;
    return verdict;
  }
  if (std::ranges::any_of(talk.others, [&](const Pod* pod) { return is_same(pod, &subject); })) {
    verdict.why = Why::kSamePod;
    return verdict;
  }
  const auto& policies = talk.compiler.policies();
  for (auto at = policies.lower_bound({subject.space, ""});
       at != policies.end() && at->first.first == subject.space; ++at) {
    judge_policy(talk, at->second, subject, verdict);
  }
  verdict.why = why_of(verdict);
  if (talk.direction == Direction::kIngress && talk.question.from_own_node) {
    verdict.why = Why::kOwnNode;
  }
  return verdict;
}

}  // namespace

Result<Explanation> explain(const Compiler& compiler, const Question& question) {
  const Found source = TRY(find_end(compiler, question.source));
  const Found destination = TRY(find_end(compiler, question.destination));
  Explanation explanation;
  explanation.protocol = question.protocol;
  explanation.port = question.port;
  choose_addresses(source, destination, explanation);
  const bool both_have = !source.addresses.empty() && !destination.addresses.empty();
  if (both_have && !explanation.source) {
    return Error(ErrorKind::kBadConfig, "one end has IPv4 addresses alone, the other IPv6");
  }
  const Talk out{.compiler = compiler,
                 .question = question,
                 .others = destination.pods,
                 .other = explanation.destination,
                 .direction = Direction::kEgress};
  explanation.egress = judge(out, source.pods);
  const Talk in{.compiler = compiler,
                .question = question,
                .others = source.pods,
                .other = explanation.source,
                .direction = Direction::kIngress};
  explanation.ingress = judge(in, destination.pods);
  return explanation;
}

}  // namespace catena::netpol
