#include "common/netlink/watch.h"

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <netlink/msg.h>

namespace catena::netlink {
namespace {

// The kernel makes a multicast message no larger than this (NLMSG_GOODSIZE, a page; dumps up to
// 32 KiB do not come here).
constexpr std::size_t kMessageBytes = std::size_t{32} << 10U;
// What 250 pods' links coming or going at once fill, with room to spare: each is some 2 KiB.
constexpr int kReceiveBuffer = 4 << 20;

}  // namespace

base::Result<base::UniqueFd> open_watch(int protocol, const std::vector<unsigned>& groups) {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.valid()) {
    return base::Error::from_errno(errno, "open a netlink socket to hear of changes");
  }
  // Needs CAP_NET_ADMIN; with the smaller buffer more is read anew, which is right as well.
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
    return base::Error::from_errno(errno, "bind a netlink socket");
  }
  for (const unsigned group : groups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
      return base::Error::from_errno(errno, "join netlink group " + std::to_string(group));
    }
  }
  return fd;
}

base::Result<Heard> read_watch(int fd, const std::function<void(const nlmsghdr*)>& listener) {
  alignas(nlmsghdr) std::array<char, kMessageBytes> buffer;  // NOLINT(*-member-init): recv fills it
  Heard heard = Heard::kEverything;
  for (;;) {
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return heard;
    }
    if ((got < 0 && errno == ENOBUFS) || got > static_cast<ssize_t>(buffer.size())) {
      heard = Heard::kNotEverything;
      continue;
    }
    if (got < 0) {
      return base::Error::from_errno(errno, "hear of changes by netlink");
    }
    int left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(message, left) != 0;
         message = nlmsg_next(message, &left)) {
      listener(message);
    }
  }
}

bool wait_readable(int fd, std::chrono::milliseconds patience) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

}  // namespace catena::netlink
