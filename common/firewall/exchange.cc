#include "common/firewall/exchange.h"

#include <array>
#include <cerrno>
#include <endian.h>
#include <memory>
#include <sys/socket.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/netfilter.h"

namespace catena::firewall {
namespace {

// The kernel makes an answer as large as the reader's buffer, 32 KiB at most (netlink_recvmsg).
constexpr std::size_t kAnswerSize = 32768;
// nl_connect() gives a socket this much; larger messages need more.
constexpr std::size_t kUsualSendBuffer = 32768;

std::uint32_t append(nl_sock* socket, std::string& out, std::uint16_t type, std::uint16_t flags,
                     nfgenmsg family, const Attributes& attributes) {
  nlmsghdr header{};
  header.nlmsg_len =
      static_cast<std::uint32_t>(sizeof(header) + sizeof(family) + attributes.data().size());
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  header.nlmsg_seq = nl_socket_use_seq(socket);
  out.append(reinterpret_cast<const char*>(&header), sizeof(header));
  out.append(reinterpret_cast<const char*>(&family), sizeof(family));
  out += attributes.data();
  return header.nlmsg_seq;
}

// A message must fit the send buffer as a whole. What the kernel refuses here shows at the sending.
void make_room(nl_sock* socket, std::size_t size) {
  if (size <= kUsualSendBuffer) {
    return;
  }
  const int wanted = static_cast<int>(size);
  const int fd = nl_socket_get_fd(socket);
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &wanted, sizeof(wanted)) != 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &wanted, sizeof(wanted));
  }
}

base::Status send_to_kernel(nl_sock* socket, const std::string& messages, const std::string& what) {
  make_room(socket, messages.size());
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = 0;
  do {
    sent = ::sendto(nl_socket_get_fd(socket), messages.data(), messages.size(), 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    return base::Error::from_errno(
        errno, what + ": send " + std::to_string(messages.size()) + " bytes to netfilter");
  }
  return {};
}

}  // namespace

std::uint32_t append_message(nl_sock* socket, std::string& out, std::uint8_t type,
                             std::uint16_t flags, const Attributes& attributes) {
  const auto full_type = static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  return append(socket, out, full_type, flags, {NFPROTO_INET, NFNETLINK_V0, 0}, attributes);
}

std::uint32_t append_batch_mark(nl_sock* socket, std::string& out, std::uint16_t type,
                                const Attributes& attributes) {
  return append(socket, out, type, 0, {AF_UNSPEC, NFNETLINK_V0, htobe16(NFNL_SUBSYS_NFTABLES)},
                attributes);
}

base::Result<Heard> converse(nl_sock* socket, const std::string& messages, const std::string& what,
                             const std::function<void(nlmsghdr*)>& listener) {
  TRY(send_to_kernel(socket, messages, what));
  alignas(nlmsghdr) std::array<char, kAnswerSize> buffer;  // NOLINT(*-member-init): recv fills it
  Heard heard = Heard::kEverything;
  for (;;) {
    const ssize_t got =
        ::recv(nl_socket_get_fd(socket), buffer.data(), buffer.size(), MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == ENOBUFS) {
      heard = Heard::kNotEverything;
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      return heard;
    }
    if (got < 0) {
      return base::Error::from_errno(errno, what + ": receive netfilter's answer");
    }
    if (static_cast<std::size_t>(got) > buffer.size()) {
      heard = Heard::kNotEverything;
      continue;
    }
    int left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); nlmsg_ok(message, left) != 0;
         message = nlmsg_next(message, &left)) {
      listener(message);
    }
  }
}

base::Error Refusal::error(const std::string& what) const {
  base::Error error = base::Error::from_errno(sys_errno, what);
  if (!text.empty()) {
    error = base::Error::from_errno(sys_errno, what + " (" + text + ")");
  }
  switch (sys_errno) {
    case EPERM:
      return std::move(error).advice("nf_tables is changed by root (CAP_NET_ADMIN) only");
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
      return std::move(error)
          .as(base::ErrorKind::kUnsupported)
          .advice("the kernel needs CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET");
    default:
      return error;
  }
}

std::optional<Refusal> refusal_in(nlmsghdr* message) {
  if (message->nlmsg_type != NLMSG_ERROR || nlmsg_datalen(message) < int(sizeof(nlmsgerr))) {
    return std::nullopt;
  }
  const auto* answer = static_cast<const nlmsgerr*>(nlmsg_data(message));
  if (answer->error == 0) {
    return std::nullopt;
  }
  Refusal refusal{message->nlmsg_seq, -answer->error, {}};
  const bool capped = (message->nlmsg_flags & NLM_F_CAPPED) != 0;
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0 && capped) {
    std::array<nlattr*, NLMSGERR_ATTR_MAX + 1> found{};
    if (nlmsg_parse(message, sizeof(nlmsgerr), found.data(), NLMSGERR_ATTR_MAX, nullptr) == 0 &&
        found[NLMSGERR_ATTR_MSG] != nullptr) {
      refusal.text = nla_get_string(found[NLMSGERR_ATTR_MSG]);
    }
  }
  return refusal;
}

}  // namespace catena::firewall
