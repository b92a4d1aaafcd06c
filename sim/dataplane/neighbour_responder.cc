#include "sim/dataplane/neighbour_responder.h"

#include <array>
#include <cerrno>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "sim/dataplane/neighbour_messages.h"

namespace catena::sim {
namespace {

// Only neighbour solicitations come up to us; the VPC's traffic does not wake the thread.
constexpr std::array<sock_filter, 6> kOnlySolicitations{{
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),  // next header
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
    BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 54),  // ICMPv6 type
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ND_NEIGHBOR_SOLICIT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, 0xffff),
    BPF_STMT(BPF_RET | BPF_K, 0),
}};

base::Status attach_filter(int fd) {
  std::array<sock_filter, 6> code = kOnlySolicitations;
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) {
    return base::Error::from_errno(errno, "filter a packet socket");
  }
  return {};
}

// On every link of the thread's namespace. Opened without a protocol: nothing arrives before the
// filter is there.
base::Result<base::UniqueFd> packet_socket(std::uint16_t ether_type) {
  base::UniqueFd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    return base::Error::from_errno(errno, "open a packet socket");
  }
  if (ether_type == ETHERTYPE_IPV6) {
    TRY(attach_filter(fd.get()));
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ether_type);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return base::Error::from_errno(errno, "bind a packet socket");
  }
  return fd;
}

// Whether the address may be asked for here, and by someone who wants to be answered.
bool is_answered(const NeighbourQuestion& question, const AnsweredPort& port) {
  if (question.sender != port.guest || question.asker.is_unspecified() ||
      question.asker == question.target) {
    return false;
  }
  return port.ipv4.contains(question.target) || (port.ipv6 && port.ipv6->contains(question.target));
}

}  // namespace

base::Result<std::unique_ptr<NeighbourResponder>> NeighbourResponder::start(
    const netlink::NetNs& vpc, const base::Mac& gateway) {
  base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) {
    return base::Error::from_errno(errno, "eventfd");
  }
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(vpc));
  base::UniqueFd arp = TRY(packet_socket(ETHERTYPE_ARP));
  base::UniqueFd ipv6 = TRY(packet_socket(ETHERTYPE_IPV6));
  return std::unique_ptr<NeighbourResponder>(
      new NeighbourResponder(std::move(arp), std::move(ipv6), std::move(stop), gateway));
}

NeighbourResponder::NeighbourResponder(base::UniqueFd arp, base::UniqueFd ipv6, base::UniqueFd stop,
                                       const base::Mac& gateway)
    : arp_(std::move(arp)),
      ipv6_(std::move(ipv6)),
      stop_(std::move(stop)),
      gateway_(gateway),
      thread_([this] { run(); }) {}

NeighbourResponder::~NeighbourResponder() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void NeighbourResponder::add(int if_index, const AnsweredPort& port) {
  const std::lock_guard lock(mutex_);
  ports_[if_index] = port;
}

void NeighbourResponder::remove(int if_index) {
  const std::lock_guard lock(mutex_);
  ports_.erase(if_index);
}

std::optional<AnsweredPort> NeighbourResponder::port_of(int if_index) {
  const std::lock_guard lock(mutex_);
  const auto found = ports_.find(if_index);
  return found == ports_.end() ? std::nullopt : std::optional(found->second);
}

void NeighbourResponder::answer_waiting(int fd) {
  constexpr int kAtOnce = 64;  // then the other socket's turn
  for (int i = 0; i < kAtOnce; ++i) {
    std::array<char, 256> buffer{};
    sockaddr_ll from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) {
      return;
    }
    const auto question = parse_question({buffer.data(), static_cast<std::size_t>(got)});
    const auto port = port_of(from.sll_ifindex);
    if (from.sll_pkttype == PACKET_OUTGOING || !question || !port ||
        !is_answered(*question, *port)) {
      continue;
    }
    const std::string answer = answer_to(*question, gateway_);
    // What cannot be sent (the link is going) is asked again.
    (void)::sendto(fd, answer.data(), answer.size(), 0, reinterpret_cast<const sockaddr*>(&from),
                   size);
  }
}

void NeighbourResponder::run() {
  for (;;) {
    std::array<pollfd, 3> waiting{
        {{arp_.get(), POLLIN, 0}, {ipv6_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (waiting[2].revents != 0) {
      return;
    }
    answer_waiting(arp_.get());
    answer_waiting(ipv6_.get());
  }
}

}  // namespace catena::sim
