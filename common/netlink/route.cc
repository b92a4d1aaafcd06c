#include "common/netlink/route.h"

#include <array>
#include <cerrno>
#include <linux/rtnetlink.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"

namespace catena::netlink {
namespace {

std::string text_of(const Route& route) {
  std::string text = route.destination.to_string();
  if (route.gateway) {
    text += " via " + route.gateway->to_string();
  }
  if (!route.if_name.empty()) {
    text += " dev " + route.if_name;
  } else if (route.if_index != 0) {
    text += " dev if" + std::to_string(route.if_index);
  }
  if (route.table != kMainTable) {
    text += " table " + std::to_string(route.table);
  }
  return text;
}

rtmsg header_for(const Route& route) {
  rtmsg header{};
  header.rtm_family = address_family(route.destination.family());
  header.rtm_dst_len = static_cast<std::uint8_t>(route.destination.length());
  header.rtm_table = header_table(route.table);
  header.rtm_protocol = route.protocol;
  header.rtm_type = route.type;
  return header;
}

// What says which route is meant.
void put_identity(MessageBuilder& builder, const Route& route) {
  builder.put_address(RTA_DST, route.destination.address());
  builder.put_u32(RTA_TABLE, route.table);
  if (route.if_index != 0) {
    builder.put_u32(RTA_OIF, static_cast<std::uint32_t>(route.if_index));
  }
  if (route.gateway) {
    builder.put_address(RTA_GATEWAY, *route.gateway);
  }
}

unsigned char scope_of(const Route& route) {
  if (route.type == RTN_LOCAL) {
    return RT_SCOPE_HOST;
  }
  return route.link_scope ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

void read_first_path(const Attributes& attributes, Route& route) {
  const int size = attributes.size(RTA_MULTIPATH);
  const auto* path =
      static_cast<const rtnexthop*>(attributes.data(RTA_MULTIPATH, sizeof(rtnexthop)));
  if (path == nullptr || path->rtnh_len < sizeof *path || path->rtnh_len > size) {
    return;
  }
  const Attributes of_path(reinterpret_cast<const nlattr*>(path + 1),
                           path->rtnh_len - static_cast<int>(sizeof *path));
  route.if_index = path->rtnh_ifindex;
  route.gateway = of_path.address(RTA_GATEWAY);
  route.onlink = (path->rtnh_flags & RTNH_F_ONLINK) != 0;
}

std::optional<Route> read_route(const nlmsghdr* message) {
  const auto* header = header_of<rtmsg>(message);
  if (header == nullptr) {
    return std::nullopt;
  }
  const auto family = family_of(header->rtm_family);
  if (!family) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  const base::IpAddress any =
      base::IpAddress::from_bytes(*family, std::array<std::uint8_t, 16>{}.data());
  const base::IpAddress destination = attributes.address(RTA_DST).value_or(any);
  if (destination.family() != *family || header->rtm_dst_len > destination.bits()) {
    return std::nullopt;
  }
  Route route{
      .destination = base::Prefix(destination, header->rtm_dst_len),
      .if_index = static_cast<int>(attributes.u32(RTA_OIF)),
      .gateway = attributes.address(RTA_GATEWAY),
      .onlink = (header->rtm_flags & RTNH_F_ONLINK) != 0,
      .source = attributes.address(RTA_PREFSRC),
      .link_scope = header->rtm_scope == RT_SCOPE_LINK,
      .table = attributes.has(RTA_TABLE) ? attributes.u32(RTA_TABLE) : header->rtm_table,
      .mtu = attributes.nested(RTA_METRICS).u32(RTAX_MTU),
      .protocol = header->rtm_protocol,
      .type = header->rtm_type,
  };
  read_first_path(attributes, route);
  return route;
}

// The kernel answers with an errno where no route matches, and with another where one matches that
// refuses the packet (fib_props in net/ipv4/fib_semantics.c, ip6_route_info_create).
base::Error refused_lookup(base::Error error) {
  const char* type = "";
  switch (error.sys_errno()) {
    case ENETUNREACH:  // no route, or one of type throw
      break;
    case EHOSTUNREACH:
      type = ", by a route of type unreachable";
      break;
    case EACCES:
      type = ", by a route of type prohibit";
      break;
    case EINVAL:
      if (error.is(base::ErrorKind::kUnsupported)) {
        return error;
      }
      type = ", by a route of type blackhole";
      break;
    default:
      return error;
  }
  return std::move(error).append(type).as(base::ErrorKind::kNotFound);
}

}  // namespace

bool same_route(const Route& a, const Route& b) {
  const bool same_scope = a.link_scope == b.link_scope || !a.destination.is_v4();
  return a.destination == b.destination && a.if_index == b.if_index && a.gateway == b.gateway &&
         a.onlink == b.onlink && a.source == b.source && same_scope && a.table == b.table &&
         a.mtu == b.mtu && a.protocol == b.protocol && a.type == b.type;
}

Request add_route(const Route& route, bool replace) {
  rtmsg header = header_for(route);
  header.rtm_scope = scope_of(route);
  header.rtm_flags = route.onlink ? RTNH_F_ONLINK : 0;
  MessageBuilder builder(RTM_NEWROUTE, NLM_F_CREATE | (replace ? NLM_F_REPLACE : NLM_F_EXCL),
                         header);
  put_identity(builder, route);
  if (route.source) {
    builder.put_address(RTA_PREFSRC, *route.source);
  }
  if (route.mtu != 0) {
    builder.nest(RTA_METRICS, [&] { builder.put_u32(RTAX_MTU, route.mtu); });
  }
  return std::move(builder).finish((replace ? "replace route " : "add route ") + text_of(route));
}

Request delete_route(const Route& route) {
  rtmsg header = header_for(route);
  header.rtm_scope = RT_SCOPE_NOWHERE;  // any
  MessageBuilder builder(RTM_DELROUTE, 0, header);
  put_identity(builder, route);
  Request request = std::move(builder).finish("delete route " + text_of(route));
  request.ok_if_gone = true;
  return request;
}

base::Result<Route> Socket::find_route(const base::IpAddress& destination, unsigned flags) {
  rtmsg header{};
  header.rtm_family = address_family(destination.family());
  header.rtm_dst_len = static_cast<std::uint8_t>(destination.bits());
  // Without it IPv4 always answers "main"; IPv6 names the table anyway and refuses the flag.
  header.rtm_flags = destination.is_v4() ? RTM_F_LOOKUP_TABLE | flags : flags;
  MessageBuilder builder(RTM_GETROUTE, 0, header);
  builder.put_address(RTA_DST, destination);
  const Request request = std::move(builder).finish("find route to " + destination.to_string());

  base::Result<std::vector<Answer>> answers = ask(request);
  if (!answers.ok()) {
    return refused_lookup(std::move(answers).error());
  }
  std::optional<Route> route = read_route(as_message(answers->front()));
  if (!route) {
    return unreadable_answer(request);
  }
  return *std::move(route);
}

base::Result<Route> Socket::matching_route(const base::IpAddress& destination) {
  return find_route(destination, RTM_F_FIB_MATCH);
}

base::Result<Route> Socket::resolved_route(const base::IpAddress& destination) {
  return find_route(destination, 0);
}

base::Result<std::vector<Route>> Socket::list_routes(std::uint32_t table) {
  MessageBuilder builder(RTM_GETROUTE, NLM_F_DUMP, rtmsg{});
  builder.put_u32(RTA_TABLE, table);
  const Request request =
      std::move(builder).finish("list routes of table " + std::to_string(table));
  std::vector<Route> routes;
  const std::vector<Answer> answers = TRY(ask(request));
  for (const Answer& answer : answers) {
    if (std::optional<Route> route = read_route(as_message(answer));
        route && route->table == table) {
      routes.push_back(*std::move(route));
    }
  }
  return routes;
}

}  // namespace catena::netlink
