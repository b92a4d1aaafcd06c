// Looking at what the kernel has of policies. Nothing here changes anything.
#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "common/firewall/policies_state.h"
#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

using Sentences = std::vector<std::string>;

constexpr base::Family kFamilies[] = {base::Family::kIpv4, base::Family::kIpv6};

class Comparison {
 public:
  Comparison(nl_sock* socket, const netpol::Rules& want) : socket_(socket), want_(want) {}

  base::Status compare(Direction direction, const std::string& id) {
    const auto subject = want_.subjects.find(id);
    const SubjectPart part = part_of(
        id, subject == want_.subjects.end() ? netpol::Subject() : subject->second, direction);
    TRY(compare_addresses(direction, part));
    if (!part.policies) {
      return {};
    }
    TRY(compare_chain(part.chain, rules_of_subject(*part.policies)));
    for (const std::string& policy : *part.policies) {
      TRY(compare_policy(policy));
    }
    return {};
  }

  Sentences sentences;

 private:
  // What leads to the subject's chain, and to no other.
  base::Status compare_addresses(Direction direction, const SubjectPart& part) {
    std::set<base::IpAddress> missing(part.addresses.begin(), part.addresses.end());
    for (const base::Family family : kFamilies) {
      const Set map = subjects_map(direction, family);
      for (const FoundElement& found : TRY(settled_elements_in(socket_, map))) {
        if (found.chain != part.chain || found.expiring ||
            found.key.size() != address_field(family).size) {
          continue;
        }
        const base::IpAddress address = base::IpAddress::from_bytes(family, found.key.data());
        if (missing.erase(address) == 0) {
          sentences.push_back("map " + map.name + " leads " + address.to_string() + " to chain " +
                              part.chain + ", which should not judge it");
        }
      }
    }
    std::ranges::transform(
        missing, std::back_inserter(sentences), [&](const base::IpAddress& address) {
          return "map " + subjects_map(direction, address.family()).name + " does not lead " +
                 address.to_string() + " to chain " + part.chain;
        });
    return {};
  }

  base::Status compare_chain(const std::string& name, const std::vector<Rule>& rules) {
    std::vector<std::string> tags;
    std::ranges::transform(rules, std::back_inserter(tags), &Rule::tag);
    if (!TRY(has_rules(socket_, kTable, name, tags))) {
      sentences.push_back("chain " + name + " has not the rules that it should have");
    }
    return {};
  }

  base::Status compare_policy(const std::string& name) {
    const auto chain = want_.chains.find(name);
    if (chain == want_.chains.end() || !seen_.insert(name).second) {
      return {};
    }
    const std::vector<Rule> rules = TRY(rules_of(name, chain->second));
    TRY(compare_chain(name, rules));
    for (const netpol::Rule& rule : chain->second.rules) {
      TRY(compare_set(rule.peers));
      TRY(compare_set(rule.endpoints));
    }
    return {};
  }

  base::Status compare_set(const std::string& name) {
    const auto set = want_.sets.find(name);
    if (set == want_.sets.end() || !seen_.insert(name).second) {
      return {};
    }
    std::set<std::string> wanted;
    for (const Element& element : elements_of(set->second)) {
      wanted.insert(element.key);
      if (element.end) {
        wanted.insert(*element.end);
      }
    }
    std::set<std::string> found;
    for (const FoundElement& element :
         TRY(settled_elements_in(socket_, set_of(name, set->second)))) {
      found.insert(element.key);
    }
    if (found != wanted) {
      sentences.push_back("set " + name + " has not the members that it should have");
    }
    return {};
  }

  nl_sock* socket_;
  const netpol::Rules& want_;
  std::set<std::string> seen_;
};

}  // namespace

base::Result<Sentences> Policies::differences(const netpol::Rules& want,
                                              const std::string& subject) {
  Comparison comparison(state_->socket.get(), want);
  if (!TRY(has_base())) {
    comparison.sentences.push_back("the chains that lead to the pods' policies are not in place");
  }
  for (const Direction direction : kDirections) {
    TRY(comparison.compare(direction, subject));
  }
  return std::move(comparison.sentences);
}

base::Result<std::vector<std::string>> Policies::subjects() {
  std::set<std::string> ids;
  for (const Direction direction : kDirections) {
    for (const base::Family family : kFamilies) {
      for (const FoundElement& found :
           TRY(settled_elements_in(state_->socket.get(), subjects_map(direction, family)))) {
        if (!found.expiring) {
          ids.insert(subject_of_chain(found.chain));
        }
      }
    }
  }
  ids.erase("");
  return std::vector<std::string>(ids.begin(), ids.end());
}

}  // namespace catena::firewall
