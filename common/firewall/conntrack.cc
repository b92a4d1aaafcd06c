#include "common/firewall/conntrack.h"

#include <algorithm>
#include <cerrno>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/netfilter.h"

namespace catena::firewall {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Result;
using base::Status;

// So many answers to one message wait in a socket's buffer, of which each takes up to 1,280 bytes
// and nl_connect() gives 64 KiB. What comes on top is lost.
constexpr std::size_t kRequestsAtOnce = 32;

std::optional<IpAddress> address_in(nlattr* tuple, int ipv4, int ipv6) {
  nlattr* const ip = attribute_in(tuple, CTA_TUPLE_IP);
  if (const nlattr* v4 = attribute_in(ip, ipv4); v4 != nullptr && nla_len(v4) == 4) {
    return IpAddress::from_bytes(Family::kIpv4, nla_data(v4));
  }
  if (const nlattr* v6 = attribute_in(ip, ipv6); v6 != nullptr && nla_len(v6) == 16) {
    return IpAddress::from_bytes(Family::kIpv6, nla_data(v6));
  }
  return std::nullopt;
}

}  // namespace

Result<ConntrackSocket> open_conntrack() {
  ConntrackSocket socket(nl_socket_alloc());
  if (!socket) {
    return Error(ErrorKind::kTryAgain, "open a netlink socket: out of memory");
  }
  if (const int failure = nl_connect(socket.get(), NETLINK_NETFILTER); failure < 0) {
    return Error(ErrorKind::kIo,
                 std::string("open a netlink socket to netfilter: ") + nl_geterror(failure));
  }
  return socket;
}

void append_request(nl_sock* socket, std::string& out, const ConntrackRequest& request,
                    const std::string& attributes) {
  nlmsghdr header{};
  const nfgenmsg general{
      static_cast<std::uint8_t>(request.family == Family::kIpv4 ? AF_INET : AF_INET6), NFNETLINK_V0,
      0};
  header.nlmsg_len =
      static_cast<std::uint32_t>(sizeof(header) + sizeof(general) + attributes.size());
  header.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8U | request.type);
  header.nlmsg_flags = static_cast<std::uint16_t>(request.flags | NLM_F_REQUEST);
  header.nlmsg_seq = nl_socket_use_seq(socket);
  out.append(reinterpret_cast<const char*>(&header), sizeof(header));
  out.append(reinterpret_cast<const char*>(&general), sizeof(general));
  out += attributes;
}

Result<std::optional<Refusal>> carry_out(nl_sock* socket, const std::string& requests) {
  std::optional<Refusal> refused;
  const Heard heard = TRY(converse(socket, requests, "forget flows", [&refused](nlmsghdr* message) {
    std::optional<Refusal> refusal = refusal_in(message);
    if (refusal.has_value() && refusal->sys_errno != ENOENT && !refused.has_value()) {
      refused = std::move(refusal);
    }
  }));
  if (heard == Heard::kNotEverything) {
    return Error(ErrorKind::kTryAgain, "forget flows: the kernel's answers were lost");
  }
  return refused;
}

nlattr* attribute_in(nlmsghdr* message, int type) {
  return nla_find(nlmsg_attrdata(message, sizeof(nfgenmsg)),
                  nlmsg_attrlen(message, sizeof(nfgenmsg)), type);
}

nlattr* attribute_in(nlattr* nest, int type) {
  return nest == nullptr ? nullptr
                         : nla_find(static_cast<nlattr*>(nla_data(nest)), nla_len(nest), type);
}

std::optional<IpAddress> source_in(nlattr* tuple) {
  return address_in(tuple, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
}

std::optional<IpAddress> destination_in(nlattr* tuple) {
  return address_in(tuple, CTA_IP_V4_DST, CTA_IP_V6_DST);
}

std::string name_of_flow(nlmsghdr* message) {
  std::string name;
  // Zone 0 is not told.
  for (const int type : {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID}) {
    if (const nlattr* found = attribute_in(message, type); found != nullptr) {
      name.append(reinterpret_cast<const char*>(found),
                  static_cast<std::size_t>(nla_total_size(nla_len(found))));
    }
  }
  return name;
}

Status read_flows(nl_sock* socket, Family family, const std::function<void(nlmsghdr*)>& each) {
  std::string request;
  append_request(socket, request, {IPCTNL_MSG_CT_GET, NLM_F_DUMP, family}, {});
  std::optional<Refusal> refused;
  const Heard heard = TRY(converse(socket, request, "read flows", [&](nlmsghdr* message) {
    if (message->nlmsg_type == (NFNL_SUBSYS_CTNETLINK << 8U | IPCTNL_MSG_CT_NEW)) {
      each(message);
    } else if (auto refusal = refusal_in(message); refusal.has_value()) {
      refused = std::move(refusal);
    }
  }));
  if (refused.has_value()) {
    return refused->error("read flows");
  }
  if (heard == Heard::kNotEverything) {
    return Error(ErrorKind::kTryAgain, "read flows: the kernel's answer was lost");
  }
  return {};
}

Status delete_flows(nl_sock* socket, Family family, const std::vector<std::string>& names) {
  for (std::size_t done = 0; done < names.size(); done += kRequestsAtOnce) {
    std::string requests;
    for (std::size_t i = done; i < std::min(names.size(), done + kRequestsAtOnce); ++i) {
      append_request(socket, requests, {IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family}, names[i]);
    }
    if (const auto refused = TRY(carry_out(socket, requests)); refused.has_value()) {
      return refused->error("forget a flow");
    }
  }
  return {};
}

}  // namespace catena::firewall
