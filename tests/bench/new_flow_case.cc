// What NetworkPolicy adds to the first packet of a connection. Sending a datagram from a pod does
// all the work of its way (pod, node, the other pod, which drops it) before sendto(2) returns.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <memory>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/policies.h"
#include "tests/bench/cases.h"
#include "tests/bench/launcher.h"
#include "tests/support/must.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::bench {
namespace {

using base::IpAddress;
using test::must;

constexpr int kFlowsATime = 2000;
constexpr int kPeerSets = 20;
constexpr int kMembers = 100;
// Of a policy in a direction; the last one matches.
constexpr std::uint16_t kRules = 5;
constexpr std::uint16_t kFirstPort = 5000;
constexpr std::uint16_t kAllowedPort = kFirstPort + kRules - 1;
constexpr std::uint16_t kForbiddenPort = kFirstPort + kRules;

enum class Firewall { kCatena, kLinearIptables };

IpAddress pod_address(int pod) {
  return must(IpAddress::parse("10.1.0.2")).plus(static_cast<std::uint64_t>(pod));
}

std::string padded(int number) {
  std::array<char, 17> text{};
  (void)std::snprintf(text.data(), text.size(), "%016x", static_cast<unsigned>(number));
  return text.data();
}

std::string link_of(int pod) { return "ctn" + std::to_string(pod); }

// Each pod has a policy of its own for each direction; peers of the first four rules are sets that
// many share, those of the fifth are all pods of the node.
netpol::Rules rules_for(int pods) {
  netpol::Rules rules;
  for (int set = 0; set < kPeerSets; ++set) {
    auto& members = rules.sets["s4-" + padded(set)].addresses;
    const IpAddress first = must(IpAddress::parse("10.9." + std::to_string(set) + ".1"));
    for (std::uint64_t member = 0; member < kMembers; ++member) {
      members.push_back(first.plus(member));
    }
  }
  const std::string everybody = "s4-" + padded(kPeerSets);
  for (int pod = 0; pod < pods; ++pod) {
    rules.sets[everybody].addresses.push_back(pod_address(pod));
    netpol::Chain chain;
    for (std::uint16_t rule = 0; rule < kRules; ++rule) {
      const auto port = static_cast<std::uint16_t>(kFirstPort + rule);
      chain.rules.push_back(
          {.protocol = IPPROTO_UDP,
           .first_port = port,
           .last_port = port,
           .peers = port == kAllowedPort ? everybody : "s4-" + padded((pod + rule) % kPeerSets)});
    }
    rules.chains["p-in-" + padded(pod)] = chain;
    rules.chains["p-eg-" + padded(pod)] = chain;
    rules.subjects[padded(pod)] = {.addresses = {pod_address(pod)},
                                   .ingress = std::vector<std::string>{"p-in-" + padded(pod)},
                                   .egress = std::vector<std::string>{"p-eg-" + padded(pod)}};
  }
  return rules;
}

// The same by iptables, as input of iptables-restore: a jump for each pod and direction, and whole
// networks in the place of sets, which are quicker.
std::string linear_rules_for(int pods) {
  std::string chains;
  std::string jumps;
  std::string rules;
  for (const bool ingress : {false, true}) {
    for (int pod = 0; pod < pods; ++pod) {
      const std::string name = (ingress ? "IN-" : "EG-") + std::to_string(pod);
      const std::string address = pod_address(pod).to_string();
      chains += ":" + name + " - [0:0]\n";
      jumps +=
          std::string("-A FORWARD ") + (ingress ? "-d " : "-s ") + address + " -j " + name + "\n";
      for (int rule = 0; rule < kRules; ++rule) {
        const std::string peers =
            rule == kRules - 1 ? "10.1.0.0/16"
                               : "10.9." + std::to_string((pod + rule) % kPeerSets) + ".0/24";
        rules += "-A " + name + (ingress ? " -s " : " -d ") + peers + " -p udp -m udp --dport " +
                 std::to_string(kFirstPort + rule) + " -j RETURN\n";
      }
      rules += "-A " + name + " -j DROP\n";
    }
  }
  return "*filter\n:FORWARD ACCEPT [0:0]\n" + chains +
         "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n" + jumps + rules +
         "COMMIT\n";
}

struct Packet {
  iphdr ip{};
  udphdr udp{};
};

// A node with `pods` pods under policy, of which the last two are there.
class NewFlowRig {
 public:
  NewFlowRig(Firewall firewall, int pods) {
    from_ = pod_address(pods - 2);
    to_ = pod_address(pods - 1);
    node_.sh("sysctl -qw net.ipv4.ip_forward=1");
    add_pod(source_, pods - 2);
    add_pod(destination_, pods - 1);
    if (firewall == Firewall::kCatena) {
      node_.run([pods] { set_up(pods); });
    } else {
      std::ofstream(dir_.path() + "/rules") << linear_rules_for(pods);
      node_.sh("iptables-legacy-restore <" + dir_.path() + "/rules");
    }
    source_.run([this] { socket_.reset(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)); });
    node_.run([this] { netfilter_ = must(firewall::open_socket()); });
    nl_socket_disable_seq_check(netfilter_.get());
  }

  // Microseconds a connection.
  double time_flows(std::uint16_t port = kAllowedPort) {
    forget_connections();
    Packet packet = packet_to(port);
    sockaddr_in far{};
    far.sin_family = AF_INET;
    far.sin_addr.s_addr = packet.ip.daddr;
    const double begin = now_ms();
    for (std::uint16_t flow = 0; flow < kFlowsATime; ++flow) {
      packet.udp.source = htons(static_cast<std::uint16_t>(10'000 + flow));
      if (::sendto(socket_.get(), &packet, sizeof packet, 0,
                   reinterpret_cast<const sockaddr*>(&far), sizeof far) != sizeof packet) {
        std::perror("bench: send a packet from the pod");
        std::exit(2);
      }
    }
    return (now_ms() - begin) * 1000 / kFlowsATime;
  }

  // What passes is that which should.
  void try_out() {
    (void)time_flows(kForbiddenPort);
    const int forbidden = arrived();
    (void)time_flows();
    const int allowed = arrived() - forbidden;
    if (forbidden >= kFlowsATime / 10 || allowed < kFlowsATime) {
      std::fprintf(stderr, "bench: %d forbidden and %d of %d allowed packets arrived\n", forbidden,
                   allowed, kFlowsATime);
      std::exit(2);
    }
  }

 private:
  void add_pod(const test::ScratchNetNs& pod, int number) const {
    const std::string link = link_of(number);
    const std::string address = pod_address(number).to_string();
    node_.sh("ip link add " + link +
             " address 02:00:00:00:00:01 type veth peer name eth0 address "
             "02:00:00:00:00:02 netns " +
             pod.path() + "; ip link set " + link + " up; ip route add " + address + " dev " +
             link + "; ip neigh add " + address + " lladdr 02:00:00:00:00:02 dev " + link +
             " nud permanent");
    pod.sh(
        "ip link set eth0 up; ip route add 169.254.1.1 dev eth0;"
        " ip neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent;"
        " ip route add default via 169.254.1.1");
  }

  static void set_up(int pods) {
    std::vector<firewall::Entry> entries;
    entries.reserve(static_cast<std::size_t>(pods));
    for (int pod = 0; pod < pods; ++pod) {
      entries.push_back({link_of(pod), pod_address(pod)});
    }
    auto table = must(firewall::Table::open());
    must(table.ensure_guard());
    auto policies = must(firewall::Policies::open(firewall::Place::kNode));
    must(policies.sync(rules_for(pods), entries));
  }

  Packet packet_to(std::uint16_t port) const {
    Packet packet;
    packet.ip.version = 4;
    packet.ip.ihl = sizeof packet.ip / 4;
    packet.ip.ttl = 64;
    packet.ip.protocol = IPPROTO_UDP;
    std::memcpy(&packet.ip.saddr, from_.data(), from_.size());
    std::memcpy(&packet.ip.daddr, to_.data(), to_.size());
    packet.udp.dest = htons(port);
    packet.udp.len = htons(sizeof packet.udp);
    return packet;
  }

  void forget_connections() const {
    nfgenmsg all{};
    all.nfgen_family = AF_UNSPEC;
    int done = nl_send_simple(netfilter_.get(), NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
                              NLM_F_ACK, &all, sizeof all);
    done = done < 0 ? done : nl_wait_for_ack(netfilter_.get());
    if (done < 0) {
      std::fprintf(stderr, "bench: forget the node's connections: %s\n", nl_geterror(done));
      std::exit(2);
    }
  }

  int arrived() const {
    const std::string packets =
        destination_.sh("ip -s link show eth0 | awk 'f {print $2; exit} /RX:/ {f = 1}'");
    return std::atoi(packets.c_str());  // NOLINT(cert-err34-c): 0 is too few
  }

  test::TempDir dir_;
  test::ScratchNetNs node_;
  test::ScratchNetNs source_;
  test::ScratchNetNs destination_;
  IpAddress from_;
  IpAddress to_;
  base::UniqueFd socket_;
  std::unique_ptr<nl_sock, firewall::CloseSocket> netfilter_;
};

struct Side {
  std::unique_ptr<NewFlowRig> rig;
  Samples microseconds{};
};

}  // namespace

std::vector<Figure> measure_new_flow(const Size& size) {
  constexpr int kMany = 1000;
  constexpr int kFew = 10;
  std::array<Side, 3> sides;
  sides[0].rig = std::make_unique<NewFlowRig>(Firewall::kCatena, kMany);
  sides[1].rig = std::make_unique<NewFlowRig>(Firewall::kCatena, kFew);
  sides[2].rig = std::make_unique<NewFlowRig>(Firewall::kLinearIptables, kMany);
  for (const Side& side : sides) {
    side.rig->try_out();
  }
  for (std::size_t round = 0; round < static_cast<std::size_t>(size.samples); ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      Side& side = sides[(round + i) % sides.size()];
      side.microseconds.push_back(side.rig->time_flows());
    }
  }
  Figure few = ratio_of("new-flow", sides[0].microseconds, sides[1].microseconds, 1.15);
  Figure linear = ratio_of("new-flow", sides[0].microseconds, sides[2].microseconds, 0.65);
  const auto us = [&sides](std::size_t side) {
    return number(median(sides[side].microseconds)) + " us";
  };
  few.note = "a new flow, 1,000 pods with policies of their own: " + us(0) + "; 10 pods " + us(1);
  linear.note = "the same against linear iptables: " + us(2);
  return {few, linear};
}

}  // namespace catena::bench
