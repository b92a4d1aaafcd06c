#include "xtables/ipset.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <endian.h>

// clang-format off
// libc's first: the kernel's headers clash with it otherwise.
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
// clang-format on

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/exchange.h"

namespace catena::xtables {

// One request.
struct Ipset::Message {
  std::uint8_t command = 0;
  std::uint16_t flags = 0;
  base::Family family = base::Family::kIpv4;
  firewall::Attributes attributes;
  std::string what;
};

namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::Result;
using base::Status;
using firewall::Attributes;
using netpol::SetKind;

// The oldest protocol that every kernel with network namespaces speaks.
constexpr std::uint8_t kProtocol = IPSET_PROTOCOL_MIN;
// Room that costs nothing until it is used.
constexpr std::uint32_t kMostMembers = 1U << 20U;
// An attribute's length has 16 bits; a member takes some 60 bytes.
constexpr std::size_t kMembersAMessage = 500;
constexpr auto kNetOrder = static_cast<std::uint16_t>(NLA_F_NET_BYTEORDER);

struct Type {
  SetKind kind;
  const char* name;
};
constexpr std::array<Type, 3> kTypes{{{SetKind::kAddresses, "hash:ip"},
                                      {SetKind::kNetworks, "hash:net"},
                                      {SetKind::kEndpoints, "hash:ip,port"}}};

const char* type_of(SetKind kind) { return std::ranges::find(kTypes, kind, &Type::kind)->name; }

std::uint8_t address_family(Family family) {
  return family == Family::kIpv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
}

void put_u8(Attributes& into, std::uint16_t type, std::uint8_t value) {
  into.bytes(type, {reinterpret_cast<const char*>(&value), sizeof(value)});
}

Attributes about(const std::string& set) {
  Attributes attributes;
  put_u8(attributes, IPSET_ATTR_PROTOCOL, kProtocol);
  if (!set.empty()) {
    attributes.text(IPSET_ATTR_SETNAME, set);
  }
  return attributes;
}

void put_member(Attributes& into, const Member& member) {
  into.nest(IPSET_ATTR_DATA, [&member](Attributes& data) {
    data.nest(IPSET_ATTR_IP, [&member](Attributes& ip) {
      const bool v4 = member.address.is_v4();
      ip.bytes((v4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6) | kNetOrder,
               {reinterpret_cast<const char*>(member.address.data()), member.address.size()});
    });
    if (member.length != member.address.bits()) {
      put_u8(data, IPSET_ATTR_CIDR, static_cast<std::uint8_t>(member.length));
    }
    if (member.protocol != 0) {
      const std::uint16_t port = htobe16(member.port);
      data.bytes(IPSET_ATTR_PORT | kNetOrder, {reinterpret_cast<const char*>(&port), sizeof(port)});
      put_u8(data, IPSET_ATTR_PROTO, member.protocol);
    }
  });
}

// ipset's own errors; those of a type begin at IPSET_ERR_TYPE_SPECIFIC.
std::string text_of(int reason) {
  switch (reason) {
    case IPSET_ERR_PROTOCOL:
      return "the kernel does not take the message";
    case IPSET_ERR_FIND_TYPE:
      return "the kernel has no such type of set";
    case IPSET_ERR_MAX_SETS:
      return "the kernel has as many sets as it takes";
    case IPSET_ERR_BUSY:
    case IPSET_ERR_REFERENCED:
      return "it is in use";
    case IPSET_ERR_TYPE_MISMATCH:
      return "the sets are of different types";
    case IPSET_ERR_TYPE_SPECIFIC:
      return "the set is full";
    default:
      return "ipset's error " + std::to_string(reason);
  }
}

Error error_of(const firewall::Refusal& refusal, const std::string& what) {
  if (refusal.sys_errno <= IPSET_ERR_PRIVATE) {
    return Error::from_errno(refusal.sys_errno, what);
  }
  const bool lacks = refusal.sys_errno == IPSET_ERR_FIND_TYPE;
  Error error(lacks ? ErrorKind::kUnsupported : ErrorKind::kInternal,
              what + ": " + text_of(refusal.sys_errno));
  return lacks ? std::move(error).advice(
                     "the kernel needs CONFIG_IP_SET_HASH_IP, CONFIG_IP_SET_HASH_NET and "
                     "CONFIG_IP_SET_HASH_IPPORT")
               : std::move(error);
}

std::string wire_of(nl_sock* socket, std::uint8_t command, std::uint16_t flags, Family family,
                    const Attributes& attributes) {
  const nfgenmsg head{address_family(family), NFNETLINK_V0, 0};
  nlmsghdr header{};
  header.nlmsg_len =
      static_cast<std::uint32_t>(sizeof(header) + sizeof(head) + attributes.data().size());
  header.nlmsg_type = static_cast<std::uint16_t>(NFNL_SUBSYS_IPSET << 8U | command);
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  header.nlmsg_seq = nl_socket_use_seq(socket);
  std::string wire(reinterpret_cast<const char*>(&header), sizeof(header));
  wire.append(reinterpret_cast<const char*>(&head), sizeof(head));
  return wire + attributes.data();
}

// Attributes of an answer, by type.
template <int kMost>
struct Parsed {
  std::array<nlattr*, std::size_t{kMost} + 1> at{};
  explicit Parsed(nlmsghdr* message) {
    nlmsg_parse(message, sizeof(nfgenmsg), at.data(), kMost, nullptr);
  }
  explicit Parsed(nlattr* nest) {
    if (nest != nullptr) {
      nla_parse_nested(at.data(), kMost, nest, nullptr);
    }
  }
  std::string text(int type) const {
    return at[static_cast<std::size_t>(type)] == nullptr
               ? ""
               : nla_get_string(at[static_cast<std::size_t>(type)]);
  }
  std::uint8_t u8(int type, std::uint8_t otherwise = 0) const {
    const nlattr* const found = at[static_cast<std::size_t>(type)];
    return found == nullptr ? otherwise : nla_get_u8(found);
  }
  std::uint16_t port(int type) const {
    const nlattr* const found = at[static_cast<std::size_t>(type)];
    return found == nullptr ? std::uint16_t{0} : be16toh(nla_get_u16(found));
  }
};

std::optional<Member> member_in(nlattr* data, Family family) {
  const Parsed<IPSET_ATTR_ADT_MAX> member(data);
  const Parsed<IPSET_ATTR_IPADDR_MAX> ip(member.at[IPSET_ATTR_IP]);
  const bool v4 = family == Family::kIpv4;
  const nlattr* const address = ip.at[v4 ? IPSET_ATTR_IPADDR_IPV4 : IPSET_ATTR_IPADDR_IPV6];
  if (address == nullptr || nla_len(address) != (v4 ? 4 : 16)) {
    return std::nullopt;
  }
  Member found{base::IpAddress::from_bytes(family, nla_data(address)), 0, 0, 0};
  found.length = member.u8(IPSET_ATTR_CIDR, static_cast<std::uint8_t>(found.address.bits()));
  found.protocol = member.u8(IPSET_ATTR_PROTO);
  found.port = member.port(IPSET_ATTR_PORT);
  return found;
}

SetHeader header_in(nlmsghdr* message) {
  const Parsed<IPSET_ATTR_CMD_MAX> set(message);
  SetHeader header{set.text(IPSET_ATTR_SETNAME), set.text(IPSET_ATTR_TYPENAME), std::nullopt};
  const auto* const type =
      std::ranges::find_if(kTypes, [&header](const Type& one) { return header.type == one.name; });
  const std::uint8_t family = set.u8(IPSET_ATTR_FAMILY);
  if (type != kTypes.end() && (family == NFPROTO_IPV4 || family == NFPROTO_IPV6)) {
    header.shape = SetShape{type->kind, family == NFPROTO_IPV4 ? Family::kIpv4 : Family::kIpv6};
  }
  return header;
}

bool is_answer(const nlmsghdr* message) { return message->nlmsg_type >> 8U == NFNL_SUBSYS_IPSET; }

}  // namespace

Result<Ipset> Ipset::open() {
  auto socket = firewall::open_socket();
  if (!socket.ok()) {
    return std::move(socket).error();
  }
  return Ipset(std::move(socket).value());
}

template <typename Listener>
Status Ipset::ask(const Message& message, Listener listener) {
  std::optional<Error> refused;
  const std::string wire =
      wire_of(socket_.get(), message.command, message.flags, message.family, message.attributes);
  const firewall::Heard heard =
      TRY(firewall::converse(socket_.get(), wire, message.what, [&](nlmsghdr* answer) {
        const auto refusal = firewall::refusal_in(answer);
        if (refusal.has_value() && !refused.has_value()) {
          refused = error_of(*refusal, message.what);
        } else if (is_answer(answer)) {
          listener(answer);
        }
      }));
  if (refused.has_value()) {
    return *std::move(refused);
  }
  if (heard == firewall::Heard::kNotEverything) {
    return Error(ErrorKind::kTryAgain, message.what + ": the kernel's answer was lost");
  }
  return {};
}

Status Ipset::tell(const Message& message) {
  return ask(message, [](nlmsghdr* /*answer*/) {});
}

Result<std::uint8_t> Ipset::revision(const SetShape& shape) {
  Message message{.command = IPSET_CMD_TYPE,
                  .flags = NLM_F_ACK,
                  .family = shape.family,
                  .attributes = about(""),
                  .what = std::string("look for ipset's type ") + type_of(shape.kind)};
  message.attributes.text(IPSET_ATTR_TYPENAME, type_of(shape.kind));
  put_u8(message.attributes, IPSET_ATTR_FAMILY, address_family(shape.family));
  std::uint8_t least = 0;
  // The oldest one: any ipset command of any age can list it.
  TRY(ask(message, [&least](nlmsghdr* answer) {
    least = Parsed<IPSET_ATTR_CMD_MAX>(answer).u8(IPSET_ATTR_REVISION_MIN);
  }));
  return least;
}

Status Ipset::can_do() {
  const Message message{.command = IPSET_CMD_PROTOCOL,
                        .flags = NLM_F_ACK,
                        .attributes = about(""),
                        .what = "speak to ipset"};
  const Status spoken = tell(message);
  if (!spoken.ok()) {
    return Error(spoken.error())
        .as(ErrorKind::kUnsupported)
        .advice("the kernel needs CONFIG_IP_SET and CONFIG_NETFILTER_XT_SET, and root to ask it");
  }
  for (const Type& type : kTypes) {
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      TRY(revision({type.kind, family}));
    }
  }
  return {};
}

Result<std::vector<SetHeader>> Ipset::list(std::string_view prefix) {
  Message message{.command = IPSET_CMD_LIST,
                  .flags = NLM_F_ACK | NLM_F_DUMP,
                  .attributes = about(""),
                  .what = "list ipset's sets"};
  const std::uint32_t flags = htobe32(IPSET_FLAG_LIST_HEADER);
  message.attributes.bytes(IPSET_ATTR_FLAGS | kNetOrder,
                           {reinterpret_cast<const char*>(&flags), sizeof(flags)});
  std::vector<SetHeader> found;
  TRY(ask(message, [&found, prefix](nlmsghdr* answer) {
    SetHeader header = header_in(answer);
    if (header.name.starts_with(prefix)) {
      found.push_back(std::move(header));
    }
  }));
  return found;
}

Result<std::vector<Member>> Ipset::members(const std::string& name, const SetShape& shape) {
  const Message message{.command = IPSET_CMD_LIST,
                        .flags = NLM_F_ACK | NLM_F_DUMP,
                        .attributes = about(name),
                        .what = "list the members of set " + name};
  std::vector<Member> found;
  TRY(ask(message, [&found, &shape](nlmsghdr* answer) {
    const Parsed<IPSET_ATTR_CMD_MAX> set(answer);
    nlattr* const all = set.at[IPSET_ATTR_ADT];
    if (all == nullptr) {
      return;
    }
    nlattr* one = nullptr;
    int left = 0;
    nla_for_each_nested(one, all, left) {
      if (const auto member = member_in(one, shape.family)) {
        found.push_back(*member);
      }
    }
  }));
  std::ranges::sort(found);
  // A set that grows while it is listed may show a member twice.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Status Ipset::create(const std::string& name, const SetShape& shape) {
  Message message{.command = IPSET_CMD_CREATE,
                  .flags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                  .family = shape.family,
                  .attributes = about(name),
                  .what = "make set " + name};
  message.attributes.text(IPSET_ATTR_TYPENAME, type_of(shape.kind));
  put_u8(message.attributes, IPSET_ATTR_REVISION, TRY(revision(shape)));
  put_u8(message.attributes, IPSET_ATTR_FAMILY, address_family(shape.family));
  message.attributes.nest(IPSET_ATTR_DATA, [](Attributes& data) {
    const std::uint32_t most = htobe32(kMostMembers);
    data.bytes(IPSET_ATTR_MAXELEM | kNetOrder,
               {reinterpret_cast<const char*>(&most), sizeof(most)});
  });
  return tell(message);
}

Status Ipset::change(std::uint8_t command, const std::string& name,
                     const std::vector<Member>& members) {
  const char* const verb =
      command == IPSET_CMD_ADD ? "add members to set " : "take members of set ";
  for (std::size_t at = 0; at < members.size(); at += kMembersAMessage) {
    Message message{.command = command,
                    .flags = NLM_F_ACK,
                    .family = members.front().address.family(),
                    .attributes = about(name),
                    .what = verb + name};
    const std::size_t end = std::min(members.size(), at + kMembersAMessage);
    message.attributes.nest(IPSET_ATTR_ADT, [&members, at, end](Attributes& all) {
      for (std::size_t i = at; i < end; ++i) {
        put_member(all, members[i]);
      }
    });
    // The kernel wants one with several members; it is for a command's own messages.
    const std::uint32_t line = 0;
    message.attributes.bytes(IPSET_ATTR_LINENO | kNetOrder,
                             {reinterpret_cast<const char*>(&line), sizeof(line)});
    TRY(tell(message));
  }
  return {};
}

Status Ipset::add(const std::string& name, const std::vector<Member>& members) {
  return change(IPSET_CMD_ADD, name, members);
}

Status Ipset::remove(const std::string& name, const std::vector<Member>& members) {
  return change(IPSET_CMD_DEL, name, members);
}

Status Ipset::swap(const std::string& name, const std::string& other) {
  Message message{.command = IPSET_CMD_SWAP,
                  .flags = NLM_F_ACK,
                  .attributes = about(name),
                  .what = "swap sets " + name + " and " + other};
  message.attributes.text(IPSET_ATTR_SETNAME2, other);
  return tell(message);
}

Status Ipset::destroy(const std::string& name) {
  return tell({.command = IPSET_CMD_DESTROY,
               .flags = NLM_F_ACK,
               .attributes = about(name),
               .what = "remove set " + name});
}

}  // namespace catena::xtables
