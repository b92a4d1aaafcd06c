#include "tests/kernel/policy/raw_end.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>

namespace catena::test::netpol {
namespace {

using base::Family;

// More than is ever asked at once.
constexpr int kBuffer = 8 << 20;  // bytes

void check(bool ok, const std::string& what) {
  if (!ok) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
  }
}

base::UniqueFd raw_socket(Family family, int protocol) {
  base::UniqueFd fd(::socket(family == Family::kIpv4 ? AF_INET : AF_INET6,
                             SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  check(fd.valid(), "open a raw socket");
  check(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) == 0,
        "make a socket's buffer larger");
  return fd;
}

}  // namespace

RawEnd::RawEnd(const ScratchNetNs& netns) {
  netns.run([this] {
    mouth4_ = raw_socket(Family::kIpv4, IPPROTO_RAW);
    mouth6_ = raw_socket(Family::kIpv6, IPPROTO_RAW);
    conntrack_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      const int icmp = family == Family::kIpv4 ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
      for (const int protocol : {int{IPPROTO_TCP}, int{IPPROTO_UDP}, int{IPPROTO_SCTP}, icmp}) {
        ears_.push_back(
            {family, static_cast<std::uint8_t>(protocol), raw_socket(family, protocol)});
      }
    }
  });
}

bool RawEnd::send(const Bytes& packet, const base::IpAddress& destination) const {
  ssize_t sent = 0;
  if (destination.is_v4()) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, destination.data(), sizeof to.sin_addr);
    sent = ::sendto(mouth4_.get(), packet.data(), packet.size(), 0,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    std::memcpy(&to.sin6_addr, destination.data(), sizeof to.sin6_addr);
    sent = ::sendto(mouth6_.get(), packet.data(), packet.size(), 0,
                    reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  check(sent >= 0 || errno == EPERM, "send to " + destination.to_string());
  return sent >= 0;
}

void RawEnd::look(const Sight& sight) const {
  std::array<std::uint8_t, 2048> buffer{};
  for (const Ear& ear : ears_) {
    ssize_t size = 0;
    while ((size = ::recv(ear.socket.get(), buffer.data(), buffer.size(), 0)) >= 0) {
      sight(ear.family, ear.protocol, {buffer.data(), static_cast<std::size_t>(size)});
    }
    check(errno == EAGAIN, "receive from a raw socket");
  }
}

void RawEnd::forget_flows() const {
  struct {
    nlmsghdr header;
    nfgenmsg general;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8U | IPCTNL_MSG_CT_DELETE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  std::array<char, 256> answer{};
  check(::send(conntrack_.get(), &request, sizeof request, 0) == sizeof request &&
            ::recv(conntrack_.get(), answer.data(), answer.size(), 0) >= 0,
        "forget flows");
  nlmsgerr refusal{};
  std::memcpy(&refusal, answer.data() + sizeof(nlmsghdr), sizeof refusal);
  errno = -refusal.error;
  check(refusal.error == 0, "forget flows");
}

PacketQueue::PacketQueue(const ScratchNetNs& netns) {
  check(::sched_getaffinity(0, sizeof cpus_before_, &cpus_before_) == 0,
        "ask for the thread's CPUs");
  cpu_ = ::sched_getcpu();
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(cpu_), &only);
  check(::sched_setaffinity(0, sizeof only, &only) == 0, "keep the thread on a CPU");
  netns.run([this] {
    loop_.reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof own;
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    check(::bind(loop_.get(), address, size) == 0 &&
              ::getsockname(loop_.get(), address, &size) == 0 &&
              ::connect(loop_.get(), address, size) == 0,
          "make a socket that talks to itself");
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    check(::setsockopt(loop_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0,
          "set a socket's patience");
  });
  losses_ = losses();
}

PacketQueue::~PacketQueue() { ::sched_setaffinity(0, sizeof cpus_before_, &cpus_before_); }

void PacketQueue::drain() const {
  // Every link puts its packets behind those that wait already (net/core/dev.c, the backlog). So
  // each time that a packet of lo has gone round, all others have got one link further.
  constexpr int kRounds = 3;
  for (int round = 0; round < kRounds; ++round) {
    char byte = 'x';
    check(::send(loop_.get(), &byte, 1, 0) == 1 && ::recv(loop_.get(), &byte, 1, 0) == 1,
          "wait for the packets under way");
  }
}

bool PacketQueue::has_lost() {
  const std::uint64_t before = losses_;
  losses_ = losses();
  return losses_ != before;
}

std::uint64_t PacketQueue::losses() const {
  // A line for each CPU that is on, in hexadecimal: received, dropped, ..., the CPU in column 13
  // (net/core/net-procfs.c).
  constexpr std::size_t kCpuColumn = 12;
  std::ifstream file("/proc/net/softnet_stat");
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::vector<std::uint64_t> numbers;
    std::uint64_t number = 0;
    while (columns >> std::hex >> number) {
      numbers.push_back(number);
    }
    if (numbers.size() > kCpuColumn && numbers[kCpuColumn] == static_cast<std::uint64_t>(cpu_)) {
      return numbers[1];
    }
  }
  return 0;
}

}  // namespace catena::test::netpol
