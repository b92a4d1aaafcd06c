#include "tests/support/netpol/random_cluster.h"

#include <algorithm>
#include <netinet/in.h>
#include <set>
#include <utility>

#include "tests/support/netpol/random_policy.h"

namespace catena::test::netpol {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPolicies = 6;

std::vector<std::string> all_addresses(const Site& site) {
  std::vector<std::string> all = site.node;
  all.insert(all.end(), site.strangers.begin(), site.strangers.end());
  for (const Seat& seat : site.seats) {
    all.insert(all.end(), seat.addresses.begin(), seat.addresses.end());
  }
  return all;
}

json random_space(Random& random, const std::string& name) {
  json labels = random_labels(random);
  labels["kubernetes.io/metadata.name"] = name;
  return {{"metadata", {{"name", name}, {"labels", std::move(labels)}}}};
}

json random_container(Random& random) {
  static const std::vector<int> numbers{80, 81, 8080};
  json made{{"name", "c"}};
  for (std::size_t count = random.below(4); count > 0; --count) {
    json port{{"containerPort", random.pick(numbers)}};
    put_random_protocol(random, port);
    if (!random.one_in(4)) {
      port["name"] = random.pick(port_names());
    }
    made["ports"].push_back(std::move(port));
  }
  return made;
}

json random_spec(Random& random) {
  json spec{{"containers", json::array({random_container(random)})}};
  if (random.one_in(3)) {
    spec["containers"].push_back(random_container(random));
  }
  if (random.one_in(4)) {
    spec["initContainers"] = json::array({random_container(random)});
  }
  return spec;
}

std::string name_at(std::size_t seat) { return "p" + std::to_string(seat); }

json random_pod(Random& random, const Site& site, std::size_t seat) {
  static const std::vector<std::string> phases{"Running", "Running",   "Running",
                                               "Running", "Running",   "Pending",
                                               "Unknown", "Succeeded", "Failed"};
  json pod{{"metadata",
            {{"name", name_at(seat)},
             {"namespace", random.pick(space_names())},
             {"uid", "uid-" + std::to_string(seat)},
             {"labels", random_labels(random)}}},
           {"spec", random_spec(random)},
           {"status", {{"phase", random.pick(phases)}}}};
  const std::vector<std::string>& addresses = site.seats[seat].addresses;
  const std::size_t known = std::min(site.seats[seat].in_status, addresses.size());
  for (std::size_t at = 0; at < known; ++at) {
    pod["status"]["podIPs"].push_back({{"ip", addresses[at]}});
  }
  if (random.one_in(8)) {
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  }
  if (site.odd_pods && !site.seats[seat].local && random.one_in(4)) {
    pod["spec"]["hostNetwork"] = true;
  }
  return pod;
}

json local_of(Random& random, const Site& site, std::size_t seat, const json& pod) {
  json local{{"id", "id" + std::to_string(seat)},
             {"space", pod.at("metadata").at("namespace")},
             {"name", name_at(seat)},
             {"uid", random.one_in(2) ? "" : pod.at("metadata").at("uid")},
             {"addresses", site.seats[seat].addresses},
             {"closed", true}};
  if (site.odd_pods && random.one_in(10)) {
    local["uid"] = "of the one before";
    local["closed"] = random.one_in(2);
  }
  return local;
}

void put_pod(Random& random, const Site& site, std::size_t seat, Cluster& cluster) {
  json pod = random_pod(random, site, seat);
  if (site.seats[seat].local) {
    cluster["locals"].push_back(local_of(random, site, seat, pod));
  }
  if (!site.odd_pods || !random.one_in(12)) {
    cluster["pods"].push_back(std::move(pod));
  }
}

void drop_pod(std::size_t seat, Cluster& cluster) {
  const auto drop = [&](json& list, const json::json_pointer& name) {
    for (std::size_t at = list.size(); at > 0; --at) {
      if (list[at - 1].at(name) == name_at(seat)) {
        list.erase(at - 1);
      }
    }
  };
  drop(cluster["pods"], json::json_pointer("/metadata/name"));
  drop(cluster["locals"], json::json_pointer("/name"));
}

void change_pod(Random& random, const Site& site, Cluster& cluster) {
  const std::size_t seat = random.below(site.seats.size());
  drop_pod(seat, cluster);
  if (!random.one_in(4)) {
    put_pod(random, site, seat, cluster);
  }
}

void relabel(Random& random, json& list) {
  if (list.empty()) {
    return;
  }
  json& labels = list[random.below(list.size())]["metadata"]["labels"];
  json now = random_labels(random);
  if (labels.contains("kubernetes.io/metadata.name")) {
    now["kubernetes.io/metadata.name"] = labels["kubernetes.io/metadata.name"];
  }
  labels = std::move(now);
}

void change_policy(Random& random, const Site& site, Cluster& cluster) {
  json& policies = cluster["policies"];
  const std::string name = "n" + std::to_string(random.below(kMostPolicies));
  for (std::size_t at = policies.size(); at > 0; --at) {
    if (policies[at - 1]["metadata"]["name"] == name) {
      policies.erase(at - 1);
    }
  }
  if (!random.one_in(3)) {
    policies.push_back(random_policy(random, name, all_addresses(site)));
  }
}

void add_edges(const std::string& cidr, std::set<base::IpAddress>& addresses) {
  const std::size_t slash = cidr.find('/');
  const base::Prefix prefix(address_of(cidr.substr(0, slash)), std::stoi(cidr.substr(slash + 1)));
  addresses.insert(
      {prefix.network(), prefix.last(), prefix.network().minus_one(), prefix.last().plus(1)});
}

void add_edges_of(const json& rules, const std::string& peers,
                  std::set<base::IpAddress>& addresses) {
  for (const json& rule : rules) {
    for (const json& peer : member(rule, peers)) {
      const json& block = member(peer, "ipBlock");
      if (block.is_null()) {
        continue;
      }
      add_edges(block.at("cidr"), addresses);
      for (const json& except : member(block, "except")) {
        add_edges(except, addresses);
      }
    }
  }
}

}  // namespace

Site random_site(Random& random) {
  Site site{.seats = {},
            .node = {"10.0.0.1", "fd00::1"},
            .strangers = {"10.0.0.2", "192.168.7.9", "fd00::2", "2001:db8::9"},
            .odd_pods = true};
  const std::size_t count = 2 + random.below(8);
  for (std::size_t seat = 0; seat < count; ++seat) {
    const std::string number = std::to_string(1 + seat);
    Seat made{.addresses = {}, .local = !random.one_in(3), .in_status = 2};
    const std::size_t families = random.below(4);
    if (families != 1) {
      made.addresses.push_back("10.1.0." + number);
    }
    if (families != 2) {
      made.addresses.push_back("fd00:1::" + number);
    }
    if (made.local && random.one_in(4)) {
      made.in_status = random.below(3);
      made.addresses.push_back("10.1.1." + number);
    }
    site.seats.push_back(std::move(made));
  }
  return site;
}

Cluster random_cluster(Random& random, const Site& site) {
  Cluster cluster{{"namespaces", json::array()},
                  {"pods", json::array()},
                  {"policies", json::array()},
                  {"locals", json::array()},
                  {"node", site.node}};
  for (const std::string& name : space_names()) {
    cluster["namespaces"].push_back(random_space(random, name));
  }
  for (std::size_t seat = 0; seat < site.seats.size(); ++seat) {
    put_pod(random, site, seat, cluster);
  }
  const std::vector<std::string> addresses = all_addresses(site);
  const std::size_t policies = random.below(kMostPolicies + 1);
  for (std::size_t number = 0; number < policies; ++number) {
    cluster["policies"].push_back(random_policy(random, "n" + std::to_string(number), addresses));
  }
  return cluster;
}

Cluster changed(Random& random, const Site& site, Cluster cluster) {
  for (std::size_t count = 1 + random.below(3); count > 0; --count) {
    switch (random.below(5)) {
      case 0:
        change_pod(random, site, cluster);
        break;
      case 1:
        relabel(random, cluster["pods"]);
        break;
      case 2:
        relabel(random, cluster["namespaces"]);
        break;
      default:
        change_policy(random, site, cluster);
    }
  }
  return cluster;
}

std::vector<base::IpAddress> addresses_in_play(const Cluster& cluster, const Site& site) {
  std::set<base::IpAddress> addresses;
  for (const std::string& text : all_addresses(site)) {
    addresses.insert(address_of(text));
  }
  for (const json& policy : cluster.at("policies")) {
    add_edges_of(member(policy.at("spec"), "ingress"), "from", addresses);
    add_edges_of(member(policy.at("spec"), "egress"), "to", addresses);
  }
  return {addresses.begin(), addresses.end()};
}

Flow random_flow(Random& random, const Site& site, const std::vector<base::IpAddress>& addresses) {
  static const std::vector<std::uint8_t> protocols{IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
                                                   IPPROTO_SCTP, IPPROTO_ICMP};
  static const std::vector<std::uint16_t> ports{80, 80, 80, 81,   81,   8080, 8080,  1,     2,
                                                79, 82, 83, 8081, 8082, 8083, 20001, 20002, 65535};
  const Seat& seat = random.pick(site.seats);
  Flow flow{.source = seat.local && !seat.addresses.empty()
                          ? address_of(random.pick(seat.addresses))
                          : random.pick(addresses),
            .destination = random.pick(addresses),
            .protocol = random.pick(protocols),
            .port = random.pick(ports)};
  while (flow.destination.family() != flow.source.family()) {
    flow.destination = random.pick(addresses);
  }
  if (random.one_in(2)) {
    std::swap(flow.source, flow.destination);
  }
  if (flow.protocol == IPPROTO_ICMP) {
    flow.port = 0;
    flow.protocol = flow.source.is_v4() ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
  }
  return flow;
}

}  // namespace catena::test::netpol
