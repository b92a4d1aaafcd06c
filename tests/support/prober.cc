#include "tests/support/prober.h"

#include <array>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <gtest/gtest.h>

namespace catena::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Big enough for both families; and its size.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress at_port(const base::IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.is_v4()) {
    sockaddr_in ipv4{};
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, address.data(), sizeof ipv4.sin_addr);
    std::memcpy(&made.storage, &ipv4, sizeof ipv4);
    made.size = sizeof ipv4;
    return made;
  }
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port);
  std::memcpy(&ipv6.sin6_addr, address.data(), sizeof ipv6.sin6_addr);
  std::memcpy(&made.storage, &ipv6, sizeof ipv6);
  made.size = sizeof ipv6;
  return made;
}

base::UniqueFd datagram_socket(base::Family family) {
  return base::UniqueFd(
      ::socket(family == base::Family::kIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

base::UniqueFd open_receiver(const ProbedPath& path) {
  base::UniqueFd receiver;
  path.to.run([&] {
    receiver = datagram_socket(path.destination.family());
    // At a port of the kernel's choice: a namespace may have several.
    const auto any = at_port(base::IpAddress::unspecified(path.destination.family()), 0);
    EXPECT_EQ(::bind(receiver.get(), any.get(), any.size), 0);
    // So that it looks now and then whether it is to end.
    const timeval patience{.tv_sec = 0, .tv_usec = 20'000};
    EXPECT_EQ(::setsockopt(receiver.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
  });
  return receiver;
}

std::uint16_t port_of(const base::UniqueFd& receiver) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  EXPECT_EQ(::getsockname(receiver.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size),
            0);
  // Where both families have it.
  sockaddr_in address{};
  std::memcpy(&address, &bound.storage, sizeof address);
  return ntohs(address.sin_port);
}

void receive(const std::stop_token& stop, int receiver, std::atomic<int>& arrived) {
  std::array<char, 8> data{};
  while (!stop.stop_requested()) {
    arrived += ::recv(receiver, data.data(), data.size(), 0) > 0 ? 1 : 0;
  }
}

void send(const std::stop_token& stop, const SocketAddress& to, std::atomic<int>& sent) {
  Clock::time_point next = Clock::now();
  const base::Family family =
      to.get()->sa_family == AF_INET ? base::Family::kIpv4 : base::Family::kIpv6;
  while (!stop.stop_requested()) {
    // A new port each time.
    const base::UniqueFd sender = datagram_socket(family);
    sent += ::sendto(sender.get(), "x", 1, MSG_DONTWAIT, to.get(), to.size) == 1 ? 1 : 0;
    next = std::max(next + milliseconds(1), Clock::now() - milliseconds(5));
    std::this_thread::sleep_until(next);
  }
}

}  // namespace

Prober::Prober(const ProbedPath& path) : receiver_(open_receiver(path)) {
  receiving_ = std::jthread(
      [this](const std::stop_token& stop) { receive(stop, receiver_.get(), arrived_); });
  const SocketAddress to = at_port(path.destination, port_of(receiver_));
  sending_ = std::jthread([this, to, &from = path.from](const std::stop_token& stop) {
    from.run([&] { send(stop, to, sent_); });
  });
}

bool Prober::arrives(int more, milliseconds patience) const {
  const int enough = arrived() + more;
  const Clock::time_point end = Clock::now() + patience;
  while (arrived() < enough && Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  return arrived() >= enough;
}

int Prober::arriving_in(milliseconds time) const {
  const int before = arrived();
  std::this_thread::sleep_for(time);
  return arrived() - before;
}

}  // namespace catena::test
