#include "tests/unit/netpol/scene.h"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

#include "common/netpol/explain.h"
#include "tests/support/must.h"

namespace catena::netpol {
namespace {

using nlohmann::json;
using test::must;

Key key_of(const std::string& name) {
  const std::size_t slash = name.find('/');
  return {name.substr(0, slash), name.substr(slash + 1)};
}

bool is_pod(const std::string& end) { return end.find('/') != std::string::npos; }

bool has(const Set& set, const base::IpAddress& address) {
  return std::ranges::find(set.addresses, address) != set.addresses.end() ||
         std::ranges::any_of(set.networks, [&](const AddressRange& range) {
           return range.first <= address && address <= range.last;
         });
}

bool matches(const Rules& rules, const Rule& rule, const Packet& packet,
             const base::IpAddress& other) {
  if (rule.protocol != 0 && rule.protocol != packet.protocol) {
    return false;
  }
  if (rule.last_port != 0 && (packet.port < rule.first_port || packet.port > rule.last_port)) {
    return false;
  }
  const Endpoint end{
      .address = packet.destination, .protocol = packet.protocol, .port = packet.port};
  const auto is_end = [&](const Set& set) {
    return std::ranges::find(set.endpoints, end) != set.endpoints.end();
  };
  return (rule.peers.empty() || has(rules.sets.at(rule.peers), other)) &&
         (rule.endpoints.empty() || is_end(rules.sets.at(rule.endpoints)));
}

bool chains_let(const Rules& rules, const std::optional<std::vector<std::string>>& chains,
                const Packet& packet, const base::IpAddress& other) {
  return !chains || std::ranges::any_of(*chains, [&](const std::string& name) {
    return std::ranges::any_of(rules.chains.at(name).rules, [&](const Rule& rule) {
      return matches(rules, rule, packet, other);
    });
  });
}

void change_members(Set& set, const Changes::Members& members) {
  const auto change = [](auto& list, const auto& removed, const auto& added) {
    for (const auto& member : removed) {
      if (std::erase(list, member) != 1) {
        throw std::runtime_error("removes a member that is not there");
      }
    }
    list.insert(list.end(), added.begin(), added.end());
    std::ranges::sort(list);
    if (std::ranges::adjacent_find(list) != list.end()) {
      throw std::runtime_error("adds a member that is there");
    }
  };
  change(set.addresses, members.removed.addresses, members.added.addresses);
  change(set.networks, members.removed.networks, members.added.networks);
  change(set.endpoints, members.removed.endpoints, members.added.endpoints);
}

template <typename Named>
void erase_one(Named& named, const std::string& name) {
  if (named.erase(name) != 1) {
    throw std::runtime_error("removes " + name + ", which is not there");
  }
}

}  // namespace

bool passes(const Rules& rules, const Packet& packet) {
  for (const auto& named : rules.subjects) {
    const Subject& subject = named.second;
    const auto is_its = [&](const base::IpAddress& address) {
      return std::ranges::find(subject.addresses, address) != subject.addresses.end();
    };
    if (is_its(packet.source) && is_its(packet.destination)) {
      return true;
    }
    if (is_its(packet.source) && !chains_let(rules, subject.egress, packet, packet.destination)) {
      return false;
    }
    if (is_its(packet.destination) && !chains_let(rules, subject.ingress, packet, packet.source)) {
      return false;
    }
  }
  return true;
}

Rules applied(Rules have, const Changes& changes) {
  for (const auto& [name, set] : changes.new_sets) {
    if (!have.sets.emplace(name, set).second) {
      throw std::runtime_error("set " + name + " is not new");
    }
  }
  for (const auto& [name, members] : changes.members) {
    change_members(have.sets.at(name), members);
  }
  std::ranges::for_each(changes.gone_sets,
                        [&](const std::string& name) { erase_one(have.sets, name); });
  for (const auto& [name, chain] : changes.chains) {
    have.chains.insert_or_assign(name, chain);
  }
  std::ranges::for_each(changes.gone_chains,
                        [&](const std::string& name) { erase_one(have.chains, name); });
  for (const auto& [id, change] : changes.subjects) {
    const auto found = have.subjects.find(id);
    if (change.before.has_value() != (found != have.subjects.end()) ||
        (change.before && *change.before != found->second)) {
      throw std::runtime_error("subject " + id + " was another");
    }
    have.subjects.insert_or_assign(id, change.now);
  }
  for (const auto& [id, subject] : changes.gone_subjects) {
    erase_one(have.subjects, id);
  }
  return have;
}

base::IpAddress ip(const std::string& text) { return must(base::IpAddress::parse(text)); }

Scene& Scene::space(const std::string& name, const std::string& labels) {
  compiler_.put(
      must(namespace_of({{"metadata", {{"name", name}, {"labels", json::parse(labels)}}}})));
  return *this;
}

Scene& Scene::pod(const std::string& name, const std::vector<std::string>& addresses,
                  const std::string& labels) {
  far_pod(name, addresses, labels);
  const auto [pod_space, pod_name] = key_of(name);
  LocalPod local{.id = pod_space + pod_name, .space = pod_space, .name = pod_name};
  std::ranges::transform(addresses, std::back_inserter(local.addresses), ip);
  compiler_.put(std::move(local));
  return *this;
}

Scene& Scene::far_pod(const std::string& name, const std::vector<std::string>& addresses,
                      const std::string& labels) {
  const auto [pod_space, pod_name] = key_of(name);
  json ips = json::array();
  for (const std::string& address : addresses) {
    ips.push_back({{"ip", address}});
  }
  pods_[name] = {
      {"metadata", {{"namespace", pod_space}, {"name", pod_name}, {"labels", json::parse(labels)}}},
      {"status", {{"podIPs", ips}}}};
  return patch(name, "{}");
}

Scene& Scene::patch(const std::string& name, const std::string& patch) {
  pods_.at(name).merge_patch(json::parse(patch));
  compiler_.put(must(pod_of(pods_.at(name))));
  return *this;
}

Scene& Scene::policy(const std::string& name, const std::string& spec) {
  const auto [policy_space, policy_name] = key_of(name);
  compiler_.put(must(policy_of({{"metadata", {{"namespace", policy_space}, {"name", policy_name}}},
                                {"spec", json::parse(spec)}})));
  return *this;
}

Scene& Scene::no_policy(const std::string& name) {
  compiler_.remove_policy(key_of(name));
  return *this;
}

base::IpAddress Scene::address_of(const std::string& end) const {
  return is_pod(end) ? ip(pods_.at(end).at("status").at("podIPs").at(0).at("ip")) : ip(end);
}

bool Scene::reaches(const std::string& from, const std::string& to, std::uint16_t port,
                    std::uint8_t protocol) {
  const Packet packet{.source = address_of(from),
                      .destination = address_of(to),
                      .protocol = protocol,
                      .port = port};
  const bool is_let = passes(compiler_.rules(), packet);
  const Question question{.source = {.pod = {}, .address = packet.source},
                          .destination = {.pod = {}, .address = packet.destination},
                          .protocol = protocol,
                          .port = port};
  const Explanation explanation = must(explain(compiler_, question));
  EXPECT_EQ(explanation.allowed(), is_let) << to_text(explanation);
  return is_let;
}

}  // namespace catena::netpol
