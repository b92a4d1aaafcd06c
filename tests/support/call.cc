#include "tests/support/call.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/support/probe.h"

namespace catena::test {
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
  const std::chrono::milliseconds patience = is_expected ? kUntilItComes : 2 * kLongEnough;
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

}  // namespace catena::test
