#include "tests/kernel/policy/rig.h"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <stdexcept>

#include "tests/support/must.h"

namespace catena::test::netpol {
namespace {

using base::IpAddress;
using nlohmann::json;

// Of every link's end at the node, and of every other end.
constexpr const char* kNodeMac = "02:00:00:00:00:01";
constexpr const char* kOtherMac = "02:00:00:00:00:02";
constexpr const char* kWorldLink = "up0";

// Fewer than the kernel lets wait for a CPU (net.core.netdev_max_backlog, 1,000), answers counted.
constexpr std::size_t kAtOnce = 200;
constexpr int kTries = 5;
// Ports of their own for that many flows.
constexpr std::uint32_t kFirstPort = 1'024;
constexpr std::uint32_t kPorts = 64'000;

void prepare(const ScratchNetNs& netns) {
  netns.sh(
      "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad;"
      "echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter;"
      "echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter");
}

// A shell command that waits until `condition` holds, for 10 seconds at most.
std::string wait_until(const std::string& condition) {
  return "for i in $(seq 2000); do " + condition + " && exit 0; sleep 0.005; done; exit 1";
}

void run_ip(const ScratchNetNs& netns, const std::string& lines) {
  if (!lines.empty()) {
    netns.sh("ip -batch - <<'END'\n" + lines + "END");
  }
}

// Both ends know each other without asking: nothing waits for an answer. Each has an IPv4 address
// of the link's own, because with the last one of an interface its routes go too.
void join(const ScratchNetNs& node, const ScratchNetNs& other, const std::string& name) {
  const std::string to_node = std::string(" lladdr ") + kNodeMac + " dev eth0 nud permanent\n";
  run_ip(node, "link add " + name + " address " + kNodeMac + " type veth peer name eth0 address " +
                   kOtherMac + " netns " + other.path() + "\nlink set " + name +
                   " up\naddr add fe80::1/64 dev " + name + "\naddr add 169.254.1.1/32 dev " +
                   name + "\n");
  run_ip(other,
         "link set eth0 up\naddr add 169.254.1.2/32 dev eth0\n"
         "route add 169.254.1.1 dev eth0 scope link\nneigh add 169.254.1.1" +
             to_node + "neigh add fe80::1" + to_node +
             "route add default via 169.254.1.1\nroute add default via fe80::1 dev eth0\n");
  // The kernel hears later that the other end is up, and drops what is sent until then.
  node.sh(wait_until("! ip link show " + name + " | grep -q 'qdisc noop '"));
}

std::string host_prefix(const std::string& address) {
  return address + (address.find(':') == std::string::npos ? "/32" : "/128");
}

std::set<std::string> texts(const json& addresses) {
  std::set<std::string> found;
  for (const json& address : addresses) {
    found.insert(address_of(address).to_string());
  }
  return found;
}

// `link` has the addresses that it is to have instead of those that it has.
void change_addresses(const ScratchNetNs& netns, const std::string& link,
                      const std::set<std::string>& have, const std::set<std::string>& want) {
  std::string lines;
  std::string waits;
  for (const std::string& address : have) {
    lines +=
        want.contains(address) ? "" : "addr del " + host_prefix(address) + " dev " + link + "\n";
  }
  for (const std::string& address : want) {
    if (!have.contains(address)) {
      lines += "addr add " + host_prefix(address) + " dev " + link + "\n";
      // Of IPv6 the kernel takes it for its own a little later.
      waits += (waits.empty() ? "" : " && ") + ("ip route get " + address + " | grep -q ^local");
    }
  }
  run_ip(netns, lines);
  if (!waits.empty()) {
    netns.sh(wait_until(waits));
  }
}

bool is_usual(const IpAddress& address) {
  static const IpAddress broadcast = must(IpAddress::parse("255.255.255.255"));
  // 0.0.0.0/8 is nobody's.
  return !(address.is_v4() && address.data()[0] == 0) && !address.is_unspecified() &&
         !address.is_multicast() && !address.is_loopback() && !address.is_link_local() &&
         address != broadcast;
}

}  // namespace

Rig::Rig() {
  prepare(node_.netns);
  prepare(world_.netns);
  node_.netns.sh(
      "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  join(node_.netns, world_.netns, kWorldLink);
  node_.netns.sh("ip neigh add 169.254.1.2 lladdr " + std::string(kOtherMac) +
                 " dev up0 nud permanent && ip neigh add fe80::2 lladdr " + kOtherMac +
                 " dev up0 nud permanent"
                 " && ip route add default via 169.254.1.2 dev up0 onlink"
                 " && ip route add default via fe80::2 dev up0");
  // Whoever is meant by what comes in: the world has everybody.
  world_.netns.sh(
      "ip rule add iif eth0 lookup 100 && ip route add local default dev lo table 100"
      " && ip -6 rule add iif eth0 lookup 100 && ip -6 route add local default dev lo table 100");
}

void Rig::seat(const Cluster& cluster) {
  ends_.clear();
  std::map<std::string, std::string> routes;
  for (const json& local : cluster.at("locals")) {
    Pod& pod = pod_of(local.at("id"));
    const std::set<std::string> addresses = texts(local.at("addresses"));
    give_addresses(pod, addresses);
    for (const std::string& address : addresses) {
      routes[address] = pod.link;
      ends_[address_of(address)] = &pod.end;
    }
  }
  give_node(texts(cluster.at("node")));
  for (const std::string& address : node_addresses_) {
    ends_[address_of(address)] = &node_;
  }
  give_routes(routes);
}

Rig::Pod& Rig::pod_of(const std::string& id) {
  std::unique_ptr<Pod>& pod = pods_[id];
  if (!pod) {
    pod = std::make_unique<Pod>();
    pod->link = "ctn" + std::to_string(pods_.size());
    prepare(pod->end.netns);
    join(node_.netns, pod->end.netns, pod->link);
  }
  return *pod;
}

void Rig::give_addresses(Pod& pod, const std::set<std::string>& wanted) {
  change_addresses(pod.end.netns, "eth0", pod.addresses, wanted);
  pod.addresses = wanted;
}

void Rig::give_node(const std::set<std::string>& wanted) {
  change_addresses(node_.netns, kWorldLink, node_addresses_, wanted);
  node_addresses_ = wanted;
}

void Rig::give_routes(const std::map<std::string, std::string>& wanted) {
  const auto missing_in = [](const auto& where, const auto& route) {
    const auto found = where.find(route.first);
    return found == where.end() || found->second != route.second;
  };
  std::string lines;
  for (const auto& route : routes_) {
    if (missing_in(wanted, route)) {
      lines += "route del " + host_prefix(route.first) + " dev " + route.second + "\n";
      lines += "neigh del " + route.first + " dev " + route.second + "\n";
    }
  }
  for (const auto& route : wanted) {
    if (missing_in(routes_, route)) {
      lines += "route add " + host_prefix(route.first) + " dev " + route.second + "\n";
      lines += "neigh replace " + route.first + " lladdr " + kOtherMac + " dev " + route.second +
               " nud permanent\n";
    }
  }
  run_ip(node_.netns, lines);
  routes_ = wanted;
}

const Rig::End& Rig::end_of(const IpAddress& address) const {
  const auto found = ends_.find(address);
  return found == ends_.end() ? world_ : *found->second;
}

bool Rig::can_ask(const Flow& flow) const {
  const bool has_pod = std::ranges::any_of(
      std::array{flow.source, flow.destination}, [this](const IpAddress& address) {
        return &end_of(address) != &world_ && &end_of(address) != &node_;
      });
  return has_pod && is_usual(flow.source) && is_usual(flow.destination);
}

std::vector<bool> Rig::arrive(const std::vector<Flow>& flows) {
  std::vector<bool> arrived(flows.size());
  for (std::size_t first = 0; first < flows.size(); first += kAtOnce) {
    if (first % kPorts < kAtOnce) {
      forget_flows();
    }
    send_all(flows, first, arrived);
  }
  return arrived;
}

void Rig::send_all(const std::vector<Flow>& flows, std::size_t first, std::vector<bool>& arrived) {
  PacketQueue queue(world_.netns);
  const std::size_t end = std::min(flows.size(), first + kAtOnce);
  for (int tries = 0; tries < kTries; ++tries) {
    std::map<std::uint32_t, Sent> sent;
    const std::uint32_t before = last_number_;
    for (std::size_t at = first; at < end; ++at) {
      const Flow& flow = flows[at];
      const std::uint32_t number = ++last_number_;
      sent[number].to = &end_of(flow.destination);
      const Packet packet{flow, static_cast<std::uint16_t>(kFirstPort + number % kPorts), number};
      (void)end_of(flow.source).raw.send(bytes_of(packet), flow.destination);
    }
    queue.drain();
    listen(sent);
    for (std::size_t at = first; at < end; ++at) {
      arrived[at] = sent.at(before + 1 + static_cast<std::uint32_t>(at - first)).arrived;
    }
    if (!queue.has_lost()) {
      return;
    }
  }
  throw std::runtime_error("the machine loses packets, try after try");
}

void Rig::listen(std::map<std::uint32_t, Sent>& sent) {
  const auto look_at = [&sent](const End& end) {
    end.raw.look(
        [&](base::Family family, std::uint8_t protocol, std::span<const std::uint8_t> got) {
          const auto number = number_in(family, protocol, got);
          const auto found = number ? sent.find(*number) : sent.end();
          if (found != sent.end() && found->second.to == &end) {
            found->second.arrived = true;
          }
        });
  };
  look_at(world_);
  look_at(node_);
  for (const auto& [id, pod] : pods_) {
    look_at(pod->end);
  }
}

bool Rig::arrives(const Packet& packet) { return arrives_at(packet.flow.destination, packet); }

bool Rig::arrives_at(const IpAddress& address, const Packet& packet) {
  const PacketQueue queue(world_.netns);
  const End& to = end_of(address);
  (void)end_of(packet.flow.source).raw.send(bytes_of(packet), packet.flow.destination);
  queue.drain();
  std::map<std::uint32_t, Sent> sent{{packet.number, {.to = &to}}};
  listen(sent);
  return sent.begin()->second.arrived;
}

bool Rig::too_big_arrives(const IpAddress& from, const Packet& about) {
  const PacketQueue queue(world_.netns);
  (void)end_of(from).raw.send(too_big(from, about), about.flow.source);
  queue.drain();
  bool arrived = false;
  end_of(about.flow.source)
      .raw.look([&](base::Family family, std::uint8_t protocol, std::span<const std::uint8_t> got) {
        const bool icmp = protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
        arrived = arrived || (icmp && is_too_big(family, got));
      });
  return arrived;
}

void Rig::forget_flows() const {
  node_.raw.forget_flows();
  for (const auto& [id, pod] : pods_) {
    pod->end.raw.forget_flows();
  }
}

}  // namespace catena::test::netpol
