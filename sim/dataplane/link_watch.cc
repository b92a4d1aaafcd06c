#include "sim/dataplane/link_watch.h"

#include <array>
#include <cerrno>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/msg.h>

namespace catena::sim {
namespace {

constexpr std::size_t kBufferSize = 32768;       // the kernel's largest message to a reader
constexpr int kReceiveBuffer = 4 * 1024 * 1024;  // bytes; some thousand links at once

void note_gone(const nlmsghdr* message, std::vector<int>& gone) {
  if (message->nlmsg_type != RTM_DELLINK || nlmsg_valid_hdr(message, sizeof(ifinfomsg)) == 0) {
    return;
  }
  const auto* link = static_cast<const ifinfomsg*>(nlmsg_data(message));
  if (link->ifi_family == AF_UNSPEC) {
    gone.push_back(link->ifi_index);
  }
}

}  // namespace

base::Result<LinkWatch> LinkWatch::start(const netlink::NetNs& netns) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(netns));
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!fd.valid() ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) !=
          0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return base::Error::from_errno(errno, "watch the links of a network namespace");
  }
  return LinkWatch(std::move(fd));
}

LinkWatch::News LinkWatch::read() {
  News news;
  for (;;) {
    alignas(nlmsghdr) std::array<char, kBufferSize> buffer;  // NOLINT(*-member-init): recv fills it
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == ENOBUFS) {
      news.missed = true;
      continue;
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      return news;
    }
    int left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(message, left) != 0;
         message = nlmsg_next(message, &left)) {
      note_gone(message, news.gone);
    }
  }
}

}  // namespace catena::sim
