// What source routing adds to a packet. Sending a datagram from a pod does all the work of its way
// (pod, node, ENI, until the far end drops it) before sendto(2) returns.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/enilink/node_rules.h"
#include "common/enilink/routing.h"
#include "tests/bench/cases.h"
#include "tests/bench/launcher.h"
#include "tests/support/scratch_netns.h"

namespace catena::bench {
namespace {

using base::IpAddress;
using base::Prefix;
using base::Result;

constexpr int kManyPods = 250;
constexpr int kPacketsATime = 2000;
constexpr const char* kHostLink = "ctnbench";
constexpr const char* kEniMac = "00:16:3e:00:00:02";

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "bench: %s\n", result.error().text().c_str());
    std::exit(2);
  }
  return std::move(result).value();
}

void must(const base::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "bench: %s\n", status.error().text().c_str());
    std::exit(2);
  }
}

enum class Routing { kMarks, kFallBack, kTwoRulesAPod };

IpAddress pod_address(int pod) {
  return must(IpAddress::parse("10.1.0.1")).plus(static_cast<std::uint64_t>(pod));
}

// Beside the node and what is beyond its ENI, one pod in the middle of `pods`; of the others there
// is what routing needs of them.
class FlowRig {
 public:
  FlowRig(Routing routing, int pods) {
    const std::string sender = pod_address(pods / 2).to_string();
    node_.sh("sysctl -qw net.ipv4.ip_forward=1; ip link add " + std::string(kHostLink) +
             " address 02:00:00:00:00:01 type veth peer name eth0 netns " + pod_.path() +
             "; ip link set " + kHostLink + " up; ip link add eni0 address " + kEniMac +
             " type veth peer name far0 netns " + beyond_.path() + "; ip link set eni0 up");
    // The node's own NIC.
    node_.sh(
        "ip link add nic0 type veth peer name out0; ip link set nic0 up; ip link set out0 up;"
        " ip addr add 192.168.0.10/24 dev nic0; ip route add default via 192.168.0.1");
    beyond_.sh("ip link set far0 up");
    pod_.sh("ip link set eth0 up; ip addr add " + sender +
            "/32 dev eth0; ip route add 169.254.1.1 dev eth0;"
            " ip neigh add 169.254.1.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent;"
            " ip route add default via 169.254.1.1");
    node_.run([&] { set_up(routing, pods); });
    node_.sh("ip neigh add 10.1.255.253 lladdr ee:ff:ff:ff:ff:ff dev eni0 nud permanent");
    pod_.run([this] { socket_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
  }

  // Microseconds a packet.
  double time_packets() const {
    sockaddr_in far{};
    far.sin_family = AF_INET;
    far.sin_port = htons(9);
    far.sin_addr.s_addr = htonl(0xc6336401);  // 198.51.100.1, RFC 5737
    const double begin = now_ms();
    for (int i = 0; i < kPacketsATime; ++i) {
      if (::sendto(socket_.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&far), sizeof far) !=
          1) {
        std::perror("bench: send a packet from the pod");
        std::exit(2);
      }
    }
    return (now_ms() - begin) * 1000 / kPacketsATime;
  }

  // Whether they went where they should.
  std::string packets_beyond() const {
    return beyond_.sh("ip -s link show far0 | awk 'f {print $2; exit} /RX:/ {f = 1}'");
  }

 private:
  static std::vector<enilink::PodPath> paths_of(int pods) {
    std::vector<enilink::PodPath> paths;
    paths.reserve(static_cast<std::size_t>(pods));
    for (int i = 0; i < pods; ++i) {
      paths.push_back({.address = pod_address(i), .slot = 1, .if_name = kHostLink, .source = {}});
    }
    return paths;
  }

  static void add_two_rules_a_pod(netlink::Socket& socket,
                                  const std::vector<enilink::PodPath>& pods) {
    std::vector<netlink::Request> requests;
    requests.reserve(2 * pods.size());
    for (const enilink::PodPath& pod : pods) {
      requests.push_back(netlink::add_rule({.priority = enilink::kPodsPriority,
                                            .table = enilink::kPodsTable,
                                            .to = Prefix::host(pod.address)}));
      requests.push_back(netlink::add_rule(enilink::source_rule(pod)));
    }
    must(socket.send(std::move(requests)));
  }

  static void set_up(Routing wanted, int pods) {
    netlink::Socket socket = must(netlink::Socket::open());
    firewall::Table table = must(firewall::Table::open());
    const enilink::Kernel kernel{&socket, &table};
    enilink::Routing routing;
    routing.shape = wanted == Routing::kMarks ? enilink::Shape::kMarks : enilink::Shape::kRules;
    const std::vector<enilink::PodPath> paths = paths_of(pods);
    if (wanted == Routing::kTwoRulesAPod) {
      add_two_rules_a_pod(socket, paths);
    } else {
      must(ensure_node(kernel, routing));
      must(add_pod(kernel, routing, paths));
    }
    must(ensure_eni(kernel,
                    {.slot = 1,
                     .mac = must(base::Mac::parse(kEniMac)),
                     .gateway = must(IpAddress::parse("10.1.255.253")),
                     .gateway6 = {}},
                    routing, std::chrono::seconds(1)));
    const int index = must(socket.find_link(kHostLink)).index;
    std::vector<netlink::Request> routes;
    routes.reserve(paths.size());
    for (const enilink::PodPath& path : paths) {
      routes.push_back(netlink::add_route(enilink::host_route(path, index)));
    }
    must(socket.send(std::move(routes)));
  }

  test::ScratchNetNs node_;
  test::ScratchNetNs pod_;
  test::ScratchNetNs beyond_;
  base::UniqueFd socket_;
};

struct Side {
  std::unique_ptr<FlowRig> rig;
  Samples microseconds{};
};

}  // namespace

std::vector<Figure> measure_flow(const Size& size) {
  std::array<Side, 4> sides;
  sides[0].rig = std::make_unique<FlowRig>(Routing::kMarks, kManyPods);
  sides[1].rig = std::make_unique<FlowRig>(Routing::kMarks, 1);
  sides[2].rig = std::make_unique<FlowRig>(Routing::kTwoRulesAPod, kManyPods);
  sides[3].rig = std::make_unique<FlowRig>(Routing::kFallBack, kManyPods);
  for (const Side& side : sides) {
    (void)side.rig->time_packets();  // the first packet makes the connection
    const std::string arrived = side.rig->packets_beyond();
    if (std::atoi(arrived.c_str()) < kPacketsATime) {  // NOLINT(cert-err34-c): 0 is too few
      std::fprintf(stderr, "bench: %s packets left by the ENI\n", arrived.c_str());
      std::exit(2);
    }
  }
  for (std::size_t round = 0; round < static_cast<std::size_t>(size.samples); ++round) {
    for (std::size_t i = 0; i < sides.size(); ++i) {
      Side& side = sides[(round + i) % sides.size()];
      side.microseconds.push_back(side.rig->time_packets());
    }
  }
  Figure figure = ratio_of("flow-cost", sides[0].microseconds, sides[1].microseconds, 1.2);
  const auto us = [&sides](std::size_t side) {
    return number(median(sides[side].microseconds)) + " us";
  };
  figure.note = "a packet, 250 pods: " + us(0) + "; 1 pod " + us(1) +
                "; 250 pods, two rules a pod " + us(2) + ", one rule a pod " + us(3);
  return {figure};
}

}  // namespace catena::bench
