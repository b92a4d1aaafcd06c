#include "common/netlink/socket.h"

#include <array>
#include <cerrno>
#include <linux/netlink.h>
#include <optional>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "common/netlink/message.h"

namespace catena::netlink {

// The failures of one send, as one error: the first, with the messages of the others behind it.
class Failures {
 public:
  void add(base::Error error) {
    if (first_) {
      first_ = std::move(*first_).append("; " + error.message());
    } else {
      first_ = std::move(error);
    }
  }
  base::Status to_status() && { return first_ ? base::Status(std::move(*first_)) : base::Status(); }

 private:
  std::optional<base::Error> first_;
};

namespace {

constexpr std::size_t kMostBytesTogether = std::size_t{32} << 10U;
// Their acknowledgements wait in the receive buffer (212,992 bytes unless the admin changed it),
// each counted with some 1 KiB, before we read the first.
constexpr std::size_t kMostRequestsTogether = 64;
constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
// A dump's messages are at most this long (netlink_recvmsg, kernel 4.4 and later).
constexpr std::size_t kReceiveBytes = std::size_t{32} << 10U;
constexpr int kDumpAttempts = 5;

struct alignas(NLMSG_ALIGNTO) ReceiveBuffer {
  std::array<char, kReceiveBytes> bytes;
};

std::size_t padded_size(const Request& request) {
  return NLMSG_ALIGN(nlmsg_hdr(request.message.get())->nlmsg_len);
}

// How many of `requests` go into the next sendmsg. At least one.
std::size_t count_together(std::span<const Request> requests) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  while (count < requests.size() && count < kMostRequestsTogether) {
    bytes += padded_size(requests[count]);
    if (count > 0 && bytes > kMostBytesTogether) {
      break;
    }
    ++count;
  }
  return count;
}

base::Error from_kernel(int sys_errno, const std::string& what) {
  base::Error error = base::Error::from_errno(sys_errno, what);
  switch (sys_errno) {
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
      return std::move(error).as(base::ErrorKind::kUnsupported);
    case EPERM:
      return std::move(error).advice("run with CAP_NET_ADMIN in the namespace's user namespace");
    default:
      return error;
  }
}

// The kernel's own words (NLMSGERR_ATTR_MSG), which follow `fixed_size` bytes of payload.
std::string extended_ack(const nlmsghdr* answer, std::size_t fixed_size) {
  if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
    return {};
  }
  const std::string text = Attributes::of(answer, fixed_size).text(NLMSGERR_ATTR_MSG);
  return text.empty() ? text : " (" + text + ")";
}

// The errno of an NLMSG_ERROR message, 0 for an acknowledgement, and the kernel's words.
int read_ack(const nlmsghdr* answer, std::string& words) {
  const auto* ack = header_of<nlmsgerr>(answer);
  if (ack == nullptr) {
    return EBADMSG;
  }
  // The request comes back behind the error unless the ack is capped.
  const bool capped = (answer->nlmsg_flags & NLM_F_CAPPED) != 0;
  words = extended_ack(answer, capped ? sizeof *ack : sizeof ack->error + ack->msg.nlmsg_len);
  return -ack->error;
}

bool met(const Request& request, int sys_errno) {
  switch (sys_errno) {
    case 0:
      return true;
    case EEXIST:
      return request.ok_if_exists;
    case ENODEV:
    case ESRCH:
    case ENOENT:
    case EADDRNOTAVAIL:
      return request.ok_if_gone;
    case EAFNOSUPPORT:
      return request.ok_if_no_family;
    default:
      return false;
  }
}

base::Error refusal(const Request& request, int sys_errno, const std::string& words) {
  base::Error error = from_kernel(sys_errno, request.what).append(words);
  if (request.needs.empty() || (sys_errno != ENOENT && sys_errno != EOPNOTSUPP)) {
    return error;
  }
  return std::move(error)
      .as(base::ErrorKind::kUnsupported)
      .append(": the kernel lacks " + request.needs)
      .advice("load the module or use a kernel that has it");
}

base::Status send_datagram(int fd, std::vector<iovec> parts, const std::string& what) {
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  while (::sendmsg(fd, &message, 0) < 0) {
    if (errno != EINTR) {
      return from_kernel(errno, what + ": send to the kernel");
    }
  }
  return {};
}

// The size of the datagram now in `buffer`.
base::Result<int> receive(int fd, ReceiveBuffer& buffer, const std::string& what) {
  for (;;) {
    const ssize_t size = ::recv(fd, buffer.bytes.data(), buffer.bytes.size(), MSG_TRUNC);
    if (size > static_cast<ssize_t>(buffer.bytes.size())) {
      return base::Error::from_errno(EMSGSIZE, what + ": the kernel's answer");
    }
    if (size >= 0) {
      return static_cast<int>(size);
    }
    if (errno == EAGAIN) {
      return base::Error::from_errno(ETIMEDOUT, what + ": no answer from the kernel in 5 s");
    }
    if (errno != EINTR) {
      return from_kernel(errno, what + ": the kernel's answer");
    }
  }
}

const nlmsghdr* first_message(const ReceiveBuffer& buffer) {
  return reinterpret_cast<const nlmsghdr*>(buffer.bytes.data());
}

// nlmsg_next takes a mutable pointer but changes nothing there.
const nlmsghdr* next_message(const nlmsghdr* message, int& left) {
  return nlmsg_next(const_cast<nlmsghdr*>(message), &left);  // NOLINT
}

}  // namespace

base::Result<Socket> Socket::open() {
  base::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd.valid()) {
    return base::Error::from_errno(errno, "open an rtnetlink socket");
  }
  const int on = 1;
  // Left out without harm by a kernel that lacks one: texts of failures (4.12), acks without the
  // request (4.3), filters of dumps (4.20; the answers are filtered here as well).
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
    (void)::setsockopt(fd.get(), SOL_NETLINK, option, &on, sizeof on);
  }
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience) != 0) {
    return base::Error::from_errno(errno, "limit the wait of an rtnetlink socket");
  }
  // Connected to the kernel: nobody else's messages reach this socket.
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) != 0) {
    return base::Error::from_errno(errno, "connect an rtnetlink socket");
  }
  return Socket(std::move(fd));
}

base::Result<Socket> Socket::open_in(const NetNs& netns) {
  const ScopedNetNs inside = TRY(ScopedNetNs::enter(netns));
  return open();
}

base::Status Socket::send(Request request) {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  return send(std::move(requests));
}

base::Status Socket::send(std::vector<Request> requests) {
  for (const Request& request : requests) {
    if (!request.message) {
      return base::Error::from_errno(EMSGSIZE, request.what);
    }
  }
  Failures failures;
  std::span<const Request> left(requests);
  while (!left.empty()) {
    const std::size_t count = count_together(left);
    base::Status status = send_together(left.first(count), failures);
    if (!status.ok()) {
      failures.add(std::move(status).error());
      break;
    }
    left = left.subspan(count);
  }
  return std::move(failures).to_status();
}

// An error here is one of the exchange itself; refused requests go to `failures`.
base::Status Socket::send_together(std::span<const Request> requests, Failures& failures) {
  const std::uint32_t first = sequence_ + 1;
  std::vector<iovec> parts;
  parts.reserve(requests.size());
  for (const Request& request : requests) {
    nlmsghdr* header = nlmsg_hdr(request.message.get());
    header->nlmsg_seq = ++sequence_;
    header->nlmsg_flags |= NLM_F_ACK;
    parts.push_back({.iov_base = header, .iov_len = padded_size(request)});
  }
  TRY(send_datagram(fd_.get(), std::move(parts), requests.front().what));

  std::size_t acknowledged = 0;
  ReceiveBuffer buffer;
  while (acknowledged < requests.size()) {
    // The kernel answers in order.
    int left = TRY(receive(fd_.get(), buffer, requests[acknowledged].what));
    for (const nlmsghdr* answer = first_message(buffer); nlmsg_ok(answer, left) != 0;
         answer = next_message(answer, left)) {
      const std::uint32_t index = answer->nlmsg_seq - first;
      if (answer->nlmsg_type != NLMSG_ERROR || index >= requests.size()) {
        continue;  // to a request that was given up earlier
      }
      ++acknowledged;
      std::string words;
      const int sys_errno = read_ack(answer, words);
      if (!met(requests[index], sys_errno)) {
        failures.add(refusal(requests[index], sys_errno, words));
      }
    }
  }
  return {};
}

base::Result<std::vector<Socket::Answer>> Socket::ask(const Request& request) {
  if (!request.message) {
    return base::Error::from_errno(EMSGSIZE, request.what);
  }
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    bool interrupted = false;
    std::vector<Answer> answers = TRY(ask_once(request, interrupted));
    if (!interrupted) {
      return answers;
    }
  }
  return base::Error(base::ErrorKind::kTryAgain,
                     request.what + ": it changed during each of 5 attempts");
}

base::Result<std::vector<Socket::Answer>> Socket::ask_once(const Request& request,
                                                           bool& interrupted) {
  nlmsghdr* header = nlmsg_hdr(request.message.get());
  header->nlmsg_seq = ++sequence_;
  TRY(send_datagram(fd_.get(), {{.iov_base = header, .iov_len = padded_size(request)}},
                    request.what));

  std::vector<Answer> answers;
  ReceiveBuffer buffer;
  for (bool done = false; !done;) {
    int left = TRY(receive(fd_.get(), buffer, request.what));
    for (const nlmsghdr* answer = first_message(buffer); nlmsg_ok(answer, left) != 0;
         answer = next_message(answer, left)) {
      if (answer->nlmsg_seq != sequence_) {
        continue;  // to a request that was given up earlier
      }
      interrupted = interrupted || (answer->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      int sys_errno = 0;
      std::string words;
      if (answer->nlmsg_type == NLMSG_ERROR) {
        sys_errno = read_ack(answer, words);
        done = true;
      } else if (answer->nlmsg_type == NLMSG_DONE) {
        const auto* result = header_of<int>(answer);
        sys_errno = result != nullptr ? -*result : 0;
        words = extended_ack(answer, sizeof(int));
        done = true;
      } else {
        const auto* start = reinterpret_cast<const char*>(answer);
        answers.emplace_back(start, start + answer->nlmsg_len);
        done = (answer->nlmsg_flags & NLM_F_MULTI) == 0;
      }
      if (sys_errno != 0) {
        base::Error error = from_kernel(sys_errno, request.what).append(words);
        // With words, EINVAL is about the form of the question, which a newer kernel takes.
        return sys_errno == EINVAL && !words.empty()
                   ? std::move(error).as(base::ErrorKind::kUnsupported)
                   : error;
      }
    }
  }
  // With NLM_F_ACK an acknowledgement may be all there is.
  if (answers.empty() && (header->nlmsg_flags & (NLM_F_DUMP | NLM_F_ACK)) == 0) {
    return unreadable_answer(request);
  }
  return answers;
}

}  // namespace catena::netlink
