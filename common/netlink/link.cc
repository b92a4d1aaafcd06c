#include "common/netlink/link.h"

#include <cerrno>
#include <cstring>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <optional>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"

namespace catena::netlink {
namespace {

ifinfomsg header_for(int index) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

void put_veth_end(MessageBuilder& builder, const VethEnd& end) {
  builder.put_text(IFLA_IFNAME, end.name);
  builder.put_mac(IFLA_ADDRESS, end.mac);
  builder.put_u32(IFLA_MTU, end.mtu);
  // The kernel's default is a queue, with its sysfs objects, for each CPU and direction. A veth
  // sends without a lock of its queue (NETIF_F_LLTX) and needs no more than one.
  builder.put_u32(IFLA_NUM_TX_QUEUES, 1);
  builder.put_u32(IFLA_NUM_RX_QUEUES, 1);
  if (end.group != 0) {
    builder.put_u32(IFLA_GROUP, end.group);
  }
}

// Counters would be most of the answer.
void skip_statistics(MessageBuilder& builder) {
  builder.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

// The number at `place`, counted from 0, of an attribute that is an array; 0 where it is shorter.
std::uint32_t number_at(const Attributes& attributes, int type, std::size_t place) {
  std::uint32_t number = 0;
  const void* array = attributes.data(type, (place + 1) * sizeof number);
  if (array != nullptr) {
    std::memcpy(&number, static_cast<const char*>(array) + place * sizeof number, sizeof number);
  }
  return number;
}

void read_parameters(const Attributes& of_families, Link& link) {
  const Attributes ipv4 = of_families.nested(AF_INET);
  // This array alone begins with the parameter whose number is 1.
  link.ipv4 = {.rp_filter = number_at(ipv4, IFLA_INET_CONF, IPV4_DEVCONF_RP_FILTER - 1),
               .arp_ignore = number_at(ipv4, IFLA_INET_CONF, IPV4_DEVCONF_ARP_IGNORE - 1),
               .arp_announce = number_at(ipv4, IFLA_INET_CONF, IPV4_DEVCONF_ARP_ANNOUNCE - 1)};
  link.marked_source_check = number_at(ipv4, IFLA_INET_CONF, IPV4_DEVCONF_SRC_VMARK - 1) != 0;
  const Attributes ipv6 = of_families.nested(AF_INET6);
  link.has_ipv6 =
      ipv6.has(IFLA_INET6_CONF) && number_at(ipv6, IFLA_INET6_CONF, DEVCONF_DISABLE_IPV6) == 0;
  link.accept_ra = static_cast<std::int32_t>(number_at(ipv6, IFLA_INET6_CONF, DEVCONF_ACCEPT_RA));
}

std::optional<Link> read_link(const nlmsghdr* message) {
  const auto* header = header_of<ifinfomsg>(message);
  if (header == nullptr) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  Link link{
      .index = header->ifi_index,
      .name = attributes.text(IFLA_IFNAME),
      .kind = attributes.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND),
      .alias = attributes.text(IFLA_IFALIAS),
      .mac = attributes.mac(IFLA_ADDRESS).value_or(base::Mac{}),
      .mtu = attributes.u32(IFLA_MTU),
      .up = (header->ifi_flags & IFF_UP) != 0,
      .peer_index = static_cast<int>(attributes.u32(IFLA_LINK)),
      .group = attributes.u32(IFLA_GROUP),
      .ipv4 = {},
  };
  read_parameters(attributes.nested(IFLA_AF_SPEC), link);
  return link;
}

struct Ipv4Parameter {
  int number;  // IPV4_DEVCONF_*
  std::uint32_t value;
  const char* name;
};

Request set_ipv4_parameter(const Link& link, const Ipv4Parameter& parameter) {
  MessageBuilder builder(RTM_SETLINK, 0, header_for(link.index));
  builder.nest(IFLA_AF_SPEC, [&] {
    builder.nest(AF_INET, [&] {
      builder.nest(IFLA_INET_CONF, [&] { builder.put_u32(parameter.number, parameter.value); });
    });
  });
  return std::move(builder).finish("set link " + link.name + " " + parameter.name + " " +
                                   std::to_string(parameter.value));
}

}  // namespace

Request create_veth(const VethEnd& here, const VethEnd& peer, const NetNs& peer_netns) {
  MessageBuilder builder(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, header_for(0));
  put_veth_end(builder, here);
  builder.nest(IFLA_LINKINFO, [&] {
    builder.put_text(IFLA_INFO_KIND, "veth");
    builder.nest(IFLA_INFO_DATA, [&] {
      builder.nest(VETH_INFO_PEER, [&] {
        builder.append(header_for(0));
        put_veth_end(builder, peer);
        builder.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_netns.fd()));
      });
    });
  });
  return std::move(builder).finish("create veth " + here.name + " with peer " + peer.name);
}

Request set_link(const Link& link, const LinkChange& change) {
  ifinfomsg header = header_for(link.index);
  std::string what = "set link " + link.name;
  if (change.up) {
    header.ifi_change = IFF_UP;
    header.ifi_flags = *change.up ? IFF_UP : 0;
  }
  MessageBuilder builder(RTM_SETLINK, 0, header);
  if (change.name) {
    builder.put_text(IFLA_IFNAME, *change.name);
    what += " name " + *change.name;
  }
  if (change.alias) {
    // Without its terminating zero, which would be stored; of no length, it clears the alias.
    builder.put(IFLA_IFALIAS, change.alias->data(), change.alias->size());
    what += " alias " + *change.alias;
  }
  if (change.mac) {
    builder.put_mac(IFLA_ADDRESS, *change.mac);
    what += " address " + change.mac->to_string();
  }
  if (change.mtu) {
    builder.put_u32(IFLA_MTU, *change.mtu);
    what += " mtu " + std::to_string(*change.mtu);
  }
  if (change.group) {
    builder.put_u32(IFLA_GROUP, *change.group);
    what += " group " + std::to_string(*change.group);
  }
  if (change.move_to != nullptr) {
    builder.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(change.move_to->fd()));
    what += " to another netns";
  }
  if (change.up) {
    what += *change.up ? " up" : " down";
  }
  return std::move(builder).finish(std::move(what));
}

Request set_ipv4_parameters(const Link& link, const Ipv4Parameters& parameters) {
  MessageBuilder builder(RTM_SETLINK, 0, header_for(link.index));
  builder.nest(IFLA_AF_SPEC, [&] {
    builder.nest(AF_INET, [&] {
      builder.nest(IFLA_INET_CONF, [&] {
        builder.put_u32(IPV4_DEVCONF_RP_FILTER, parameters.rp_filter);
        builder.put_u32(IPV4_DEVCONF_ARP_IGNORE, parameters.arp_ignore);
        builder.put_u32(IPV4_DEVCONF_ARP_ANNOUNCE, parameters.arp_announce);
      });
    });
  });
  return std::move(builder).finish("set link " + link.name + " rp_filter " +
                                   std::to_string(parameters.rp_filter) + " arp_ignore " +
                                   std::to_string(parameters.arp_ignore) + " arp_announce " +
                                   std::to_string(parameters.arp_announce));
}

Request set_loose_rp_filter(const Link& link) {
  constexpr std::uint32_t kLoose = 2;  // Documentation/networking/ip-sysctl.rst, rp_filter
  return set_ipv4_parameter(link, {IPV4_DEVCONF_RP_FILTER, kLoose, "rp_filter"});
}

Request set_marked_source_check(const Link& link) {
  return set_ipv4_parameter(link, {IPV4_DEVCONF_SRC_VMARK, 1, "src_valid_mark"});
}

Request set_no_link_local(const Link& link) {
  MessageBuilder builder(RTM_SETLINK, 0, header_for(link.index));
  builder.nest(IFLA_AF_SPEC, [&] {
    builder.nest(AF_INET6,
                 [&] { builder.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
  });
  Request request = std::move(builder).finish("set link " + link.name + " addr_gen_mode none");
  request.ok_if_no_family = true;
  return request;
}

Request delete_link(const Link& link) {
  Request request =
      MessageBuilder(RTM_DELLINK, 0, header_for(link.index)).finish("delete link " + link.name);
  request.ok_if_gone = true;
  return request;
}

Request delete_links_of_group(std::uint32_t group) {
  MessageBuilder builder(RTM_DELLINK, 0, header_for(0));
  builder.put_u32(IFLA_GROUP, group);
  Request request = std::move(builder).finish("delete the links of group " + std::to_string(group));
  request.ok_if_gone = true;
  return request;
}

base::Result<Link> Socket::find_link_by(const Request& request) {
  const std::vector<Answer> answers = TRY(ask(request));
  std::optional<Link> link = read_link(as_message(answers.front()));
  if (!link) {
    return unreadable_answer(request);
  }
  return *std::move(link);
}

base::Result<Link> Socket::find_link(const std::string& name) {
  const std::string what = "find link " + name;
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return base::Error::from_errno(ENODEV, what);  // to the kernel it is a malformed request
  }
  MessageBuilder builder(RTM_GETLINK, 0, header_for(0));
  builder.put_text(IFLA_IFNAME, name);
  skip_statistics(builder);
  return find_link_by(std::move(builder).finish(what));
}

base::Result<Link> Socket::find_link(int index) {
  const std::string what = "find link with index " + std::to_string(index);
  if (index <= 0) {
    return base::Error::from_errno(ENODEV, what);
  }
  MessageBuilder builder(RTM_GETLINK, 0, header_for(index));
  skip_statistics(builder);
  return find_link_by(std::move(builder).finish(what));
}

base::Result<std::vector<Link>> Socket::list_links() {
  MessageBuilder builder(RTM_GETLINK, NLM_F_DUMP, header_for(0));
  skip_statistics(builder);
  std::vector<Link> links;
  const std::vector<Answer> answers = TRY(ask(std::move(builder).finish("list links")));
  for (const Answer& answer : answers) {
    if (std::optional<Link> link = read_link(as_message(answer))) {
      links.push_back(*std::move(link));
    }
  }
  return links;
}

}  // namespace catena::netlink
