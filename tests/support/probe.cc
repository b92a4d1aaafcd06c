#include "tests/support/probe.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

namespace catena::test {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  base::IpAddress address() const {
    if (storage.ss_family == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
      return base::IpAddress::from_bytes(base::Family::kIpv4, &v4->sin_addr);
    }
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    return base::IpAddress::from_bytes(base::Family::kIpv6, &v6->sin6_addr);
  }
};

SocketAddress socket_address(const base::IpAddress& address, int port = 0) {
  SocketAddress made;
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&made.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&v4->sin_addr, address.data(), address.size());
    made.size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&made.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    std::memcpy(&v6->sin6_addr, address.data(), address.size());
    made.size = sizeof(sockaddr_in6);
  }
  return made;
}

// Non-blocking, bound.
base::UniqueFd bound_socket(const ScratchNetNs& netns, const base::IpAddress& address, int type) {
  base::UniqueFd fd;
  netns.run([&] {
    fd.reset(
        ::socket(address.is_v4() ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (address.is_v4()) {
      ::setsockopt(fd.get(), IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on));
    } else {
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on));
    }
    SocketAddress own = socket_address(address);
    if (::bind(fd.get(), own.get(), own.size) != 0) {
      ADD_FAILURE() << "bind to " << address.to_string() << ": " << std::strerror(errno);
      fd.reset();
    }
  });
  return fd;
}

SocketAddress own_address(const base::UniqueFd& fd) {
  SocketAddress own;
  EXPECT_EQ(::getsockname(fd.get(), own.get(), &own.size), 0) << std::strerror(errno);
  return own;
}

bool wait_for(const base::UniqueFd& fd, short events, std::chrono::milliseconds patience) {
  pollfd waiting{fd.get(), events, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

struct Solicitation {
  nd_neighbor_solicit header{};
  nd_opt_hdr option{ND_OPT_SOURCE_LINKADDR, 1};  // length in units of 8 bytes
  std::array<std::uint8_t, 6> link_address{};
};

}  // namespace

base::UniqueFd udp_socket(const ScratchNetNs& netns, const base::IpAddress& address) {
  return bound_socket(netns, address, SOCK_DGRAM);
}

bool send_to_socket(const base::UniqueFd& sender, const base::UniqueFd& receiver) {
  SocketAddress destination = own_address(receiver);
  if (::sendto(sender.get(), "probe", 5, 0, destination.get(), destination.size) == 5) {
    return true;
  }
  EXPECT_EQ(errno, EPERM) << "sendto: " << std::strerror(errno);  // a firewall says EPERM
  return false;
}

void send_to_ports(const base::UniqueFd& sender, const base::IpAddress& to, int count) {
  for (int port = 1; port <= count; ++port) {
    SocketAddress there = socket_address(to, port);
    // A port unreachable that came for an earlier one fails one call.
    for (int tries = 0; tries < 2; ++tries) {
      if (::sendto(sender.get(), "", 1, 0, there.get(), there.size) == 1) {
        break;
      }
    }
  }
}

std::optional<base::IpAddress> udp_probe(const Probe& probe) {
  const base::UniqueFd receiver = udp_socket(probe.to, probe.destination);
  const base::UniqueFd sender = udp_socket(probe.from, probe.source);
  if (!receiver.valid() || !sender.valid()) {
    return std::nullopt;
  }
  // A refusal by the sender's own kernel (EPERM of a firewall) is one way of not arriving.
  if (!send_to_socket(sender, receiver) || !wait_for(receiver, POLLIN, probe.patience)) {
    return std::nullopt;
  }
  std::array<char, 16> data{};
  SocketAddress source;
  const ssize_t got =
      ::recvfrom(receiver.get(), data.data(), data.size(), 0, source.get(), &source.size);
  EXPECT_EQ(got, 5) << "a stranger's datagram";
  return source.address();
}

std::optional<base::IpAddress> tcp_probe(const Probe& probe) {
  const base::UniqueFd listener = bound_socket(probe.to, probe.destination, SOCK_STREAM);
  const base::UniqueFd caller = bound_socket(probe.from, probe.source, SOCK_STREAM);
  if (!listener.valid() || !caller.valid() || ::listen(listener.get(), 1) != 0) {
    return std::nullopt;
  }
  SocketAddress destination = own_address(listener);
  if (::connect(caller.get(), destination.get(), destination.size) != 0 && errno != EINPROGRESS) {
    return std::nullopt;
  }
  if (!wait_for(caller, POLLOUT, probe.patience)) {
    return std::nullopt;
  }
  int failure = 0;
  socklen_t size = sizeof(failure);
  ::getsockopt(caller.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0 || !wait_for(listener, POLLIN, probe.patience)) {
    return std::nullopt;
  }
  SocketAddress peer;
  const base::UniqueFd accepted(::accept4(listener.get(), peer.get(), &peer.size, SOCK_CLOEXEC));
  return accepted.valid() ? std::optional(peer.address()) : std::nullopt;
}

bool neighbour_answers(const ScratchNetNs& netns, const std::string& if_name,
                       const base::IpAddress& asker, const base::IpAddress& target,
                       std::chrono::milliseconds patience) {
  base::UniqueFd fd;
  unsigned index = 0;
  Solicitation question;
  netns.run([&] {
    fd.reset(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
    index = ::if_nametoindex(if_name.c_str());
    ifreq link{};
    if_name.copy(link.ifr_name, IFNAMSIZ - 1);
    EXPECT_EQ(::ioctl(fd.get(), SIOCGIFHWADDR, &link), 0) << if_name;
    std::memcpy(question.link_address.data(), link.ifr_hwaddr.sa_data, 6);
  });
  // RFC 4861, 7.1: the hop limit of every neighbour discovery packet is 255.
  const int hops = 255;
  ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
  ::setsockopt(fd.get(), IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
  SocketAddress source = socket_address(asker);
  reinterpret_cast<sockaddr_in6*>(&source.storage)->sin6_scope_id = index;
  if (::bind(fd.get(), source.get(), source.size) != 0) {
    ADD_FAILURE() << "bind to " << asker.to_string() << ": " << std::strerror(errno);
    return false;
  }

  question.header.nd_ns_type = ND_NEIGHBOR_SOLICIT;
  std::memcpy(&question.header.nd_ns_target, target.data(), target.size());
  // The solicited-node multicast address (RFC 4291, 2.7.1).
  std::array<std::uint8_t, 16> group{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};
  std::memcpy(&group[13], target.data() + 13, 3);
  SocketAddress destination =
      socket_address(base::IpAddress::from_bytes(base::Family::kIpv6, group.data()));
  reinterpret_cast<sockaddr_in6*>(&destination.storage)->sin6_scope_id = index;
  if (::sendto(fd.get(), &question, sizeof(question), 0, destination.get(), destination.size) < 0 ||
      !wait_for(fd, POLLIN, patience)) {
    return false;
  }
  nd_neighbor_advert answer{};
  return ::recv(fd.get(), &answer, sizeof(answer), 0) == ssize_t{sizeof(answer)} &&
         std::memcmp(&answer.nd_na_target, target.data(), target.size()) == 0;
}

}  // namespace catena::test
