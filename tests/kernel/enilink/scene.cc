#include "tests/kernel/enilink/scene.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"
#include "tests/support/probe.h"

namespace catena::enilink::test {
namespace {

constexpr const char* kGatewayA = "192.168.0.253";
constexpr const char* kGatewayB = "192.168.1.253";
constexpr const char* kGatewayA6 = "fd00:a::ffff:ffff:ffff:fff7";
constexpr const char* kGatewayB6 = "fd00:b::ffff:ffff:ffff:fff7";

base::Mac mac(const char* text) { return base::Mac::parse(text).value(); }

}  // namespace

EniNode::EniNode(Shape shape, const std::string& all_rp_filter)
    : eni1{1, mac("00:16:3e:00:01:01"), ip(kGatewayA), ip(kGatewayA6)},
      eni2{2, mac("00:16:3e:00:01:02"), ip(kGatewayB), ip(kGatewayB6)},
      primary{3, mac("00:16:3e:00:00:01"), ip(kGatewayA), ip(kGatewayA6)} {
  routing.shape = shape;
  routing.families = {base::Family::kIpv4, base::Family::kIpv6};
  node().sh(
      "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
      " net.ipv4.conf.all.rp_filter=" +
      all_rp_filter + " net.ipv4.conf.eth0.rp_filter=" + all_rp_filter +
      " net.ipv4.conf.default.rp_filter=" + all_rp_filter);
  plug("eni-1", eni1, "vsw-a", {"192.168.0.21", "192.168.0.22", "fd00:a::21", "fd00:a::22"});
  plug("eni-2", eni2, "vsw-b", {"192.168.1.31", "192.168.1.32", "fd00:b::31", "fd00:b::32"});
  catena::test::must(
      vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10"), prefix("192.168.0.15"),
                                            prefix("fd00:a::10"), prefix("fd00:a::15")}));
}

void EniNode::plug(const std::string& id, const HostEni& eni, const std::string& vswitch,
                   const std::vector<std::string>& addresses) {
  catena::test::must(
      vpc.plane().plug("i-a", catena::test::nic(id, eni.mac.to_string(), vswitch, addresses)));
}

void EniNode::at_node(const std::function<void(const Kernel&)>& work) const {
  node().run([&work] {
    base::Result<netlink::Socket> routes = netlink::Socket::open();
    base::Result<firewall::Table> table = firewall::Table::open();
    ASSERT_OK(routes);
    ASSERT_OK(table);
    work({&*routes, &*table});
  });
}

void EniNode::ensure() const {
  at_node([this](const Kernel& kernel) {
    const WantedShape wanted =
        routing.shape == Shape::kMarks ? WantedShape::kMarks : WantedShape::kRules;
    EXPECT_OK(choose_shape(kernel, wanted, routing.marks));
    EXPECT_OK(ensure_node(kernel, routing));
    for (const HostEni* eni : {&eni1, &eni2, &primary}) {
      EXPECT_OK(ensure_eni(kernel, *eni, routing, std::chrono::seconds(5)));
    }
  });
}

std::unique_ptr<Pod> EniNode::add_pod(const HostEni& eni, const std::string& v4,
                                      const std::string& v6) const {
  auto pod = std::make_unique<Pod>();
  pod->v4 = ip(v4);
  pod->v6 = ip(v6);
  pod->slot = eni.slot;
  at_node([&](const Kernel& kernel) {
    const netlink::NetNs sandbox = netlink::NetNs::open(pod->netns.path()).value();
    base::Result<netlink::Socket> inside = netlink::Socket::open_in(sandbox);
    ASSERT_OK(inside);
    podlink::PodLink link;
    link.attachment = {.container_id = "pod-" + v4, .if_name = "eth0"};
    link.mac = podlink::pod_mac(link.attachment);
    link.addresses = {pod->v4, pod->v6};
    link.table = kPodsTable;
    pod->host_link = podlink::host_link_name(link.attachment);
    const base::Result<podlink::Ends> ends =
        podlink::create_ends(*kernel.routes, *inside, sandbox, link);
    ASSERT_OK(ends);
    EXPECT_OK(podlink::configure_pod_end(*inside, sandbox, *ends, link));
    EXPECT_OK(enilink::add_pod(kernel, routing, paths_of(*pod)));
    podlink::Node addresses;
    addresses.ipv4 = ip("192.168.0.10");
    addresses.ipv6 = ip("fd00:a::10");
    EXPECT_OK(podlink::configure_host_end(*kernel.routes, *ends, link, addresses));
  });
  return pod;
}

std::vector<PodPath> EniNode::paths_of(const Pod& pod) const {
  const bool by_main = pod.slot == primary.slot;
  return {{pod.v4, pod.slot, by_main, pod.host_link, ip("192.168.0.10")},
          {pod.v6, pod.slot, by_main, pod.host_link, ip("fd00:a::10")}};
}

State EniNode::state(const std::vector<const Pod*>& pods) const {
  State state{routing, {eni1, eni2, primary}, {}};
  for (const Pod* pod : pods) {
    for (PodPath& path : paths_of(*pod)) {
      state.pods.push_back(std::move(path));
    }
  }
  return state;
}

std::uint64_t EniNode::spoofed() {
  const base::Result<sim::Drops> drops = vpc.plane().drops();
  EXPECT_OK(drops);
  return drops.ok() ? drops->foreign_source : 0;
}

namespace {

struct SocketAddress {
  SocketAddress(const base::IpAddress& address, std::uint16_t port) {
    if (address.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      std::memcpy(&v4->sin_addr, address.data(), address.size());
      size = sizeof(sockaddr_in);
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      std::memcpy(&v6->sin6_addr, address.data(), address.size());
    }
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  base::IpAddress address() const {
    if (storage.ss_family == AF_INET) {
      return base::IpAddress::from_bytes(base::Family::kIpv4,
                                         &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr);
    }
    return base::IpAddress::from_bytes(base::Family::kIpv6,
                                       &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr);
  }
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in6);
};

base::UniqueFd tcp_socket(const ScratchNetNs& netns, base::Family family) {
  base::UniqueFd fd;
  netns.run([&] {
    fd.reset(::socket(family == base::Family::kIpv4 ? AF_INET : AF_INET6,
                      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  });
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return fd;
}

bool ready(const base::UniqueFd& fd, short events, std::chrono::milliseconds patience) {
  pollfd waiting{fd.get(), events, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1 &&
         (waiting.revents & (POLLERR | POLLHUP)) == 0;
}

// A few bytes from one to the other, as they come.
bool says(const base::UniqueFd& from, const base::UniqueFd& to,
          std::chrono::milliseconds patience) {
  std::array<char, 8> data{};
  return ::send(from.get(), "hello", 5, MSG_NOSIGNAL) == 5 && ready(to, POLLIN, patience) &&
         ::recv(to.get(), data.data(), data.size(), 0) == 5;
}

}  // namespace

std::optional<base::IpAddress> caller_seen(const Call& call, bool is_expected) {
  const std::chrono::milliseconds patience =
      is_expected ? catena::test::kUntilItComes : 2 * catena::test::kLongEnough;
  const base::UniqueFd listener = tcp_socket(call.server, call.server_address.family());
  SocketAddress own(call.server_address, call.server_port);
  if (::bind(listener.get(), own.get(), own.size) != 0 || ::listen(listener.get(), 4) != 0) {
    ADD_FAILURE() << "listen: " << std::strerror(errno);
    return std::nullopt;
  }
  const base::UniqueFd caller = tcp_socket(call.client, call.target.family());
  SocketAddress target(call.target, call.port);
  (void)::connect(caller.get(), target.get(), target.size);
  if (!ready(caller, POLLOUT, patience) || !ready(listener, POLLIN, patience)) {
    return std::nullopt;
  }
  SocketAddress peer(call.target, 0);
  const base::UniqueFd accepted(
      ::accept4(listener.get(), peer.get(), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  for (int round = 0; round < 3; ++round) {
    if (!says(caller, accepted, patience) || !says(accepted, caller, patience)) {
      return std::nullopt;
    }
  }
  return peer.address();
}

}  // namespace catena::enilink::test
