#include "tests/support/flood.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/support/probe.h"

namespace catena::test {
namespace {

// A call's worth.
constexpr std::size_t kAtOnce = 64;

void connect_to(const base::UniqueFd& fd, const base::UniqueFd& other) {
  sockaddr_storage there{};
  socklen_t size = sizeof(there);
  EXPECT_EQ(::getsockname(other.get(), reinterpret_cast<sockaddr*>(&there), &size), 0);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&there), size), 0)
      << std::strerror(errno);
}

}  // namespace

Flood::Flood(const ScratchNetNs& sender, const ScratchNetNs& receiver,
             const std::vector<Path>& paths) {
  sockets_.reserve(paths.size());
  for (const Path& path : paths) {
    sockets_.push_back({udp_socket(sender, path.from), udp_socket(receiver, path.to)});
    connect_to(sockets_.back().sender, sockets_.back().receiver);
  }
  sending_.reserve(paths.size());
  for (const Sockets& path : sockets_) {
    sending_.emplace_back(
        [this, fd = path.sender.get()](const std::stop_token& stop) { send(stop, fd); });
  }
}

void Flood::send(const std::stop_token& stop, int sender) {
  char byte = 'x';
  iovec data{&byte, 1};
  std::array<mmsghdr, kAtOnce> messages{};
  for (mmsghdr& message : messages) {
    message.msg_hdr.msg_iov = &data;
    message.msg_hdr.msg_iovlen = 1;
  }
  while (!stop.stop_requested()) {
    const int sent = ::sendmmsg(sender, messages.data(), kAtOnce, 0);
    sent_ += sent > 0 ? static_cast<std::uint64_t>(sent) : 0U;
  }
}

double Flood::sent_per_second() const {
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin_;
  return static_cast<double>(sent_) / time.count();
}

std::uint64_t Flood::arrived() {
  for (const Sockets& path : sockets_) {
    char byte = 0;
    while (::recv(path.receiver.get(), &byte, 1, MSG_DONTWAIT) >= 0) {
      ++arrived_;
    }
  }
  return arrived_;
}

}  // namespace catena::test
