#include "common/enilink/loss.h"

#include <cstring>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string_view>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/enilink/eni_plan.h"
#include "common/enilink/nic.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/ruleset_watch.h"

namespace catena::enilink {
namespace {

constexpr std::string_view kTable = "catena";  // firewall/plan.h
constexpr int kTableName = 1;                  // NFTA_TABLE_NAME, NFTA_RULE_TABLE, ...

template <typename Header>
const Header* header_of(const nlmsghdr* message) {
  return nlmsg_valid_hdr(message, sizeof(Header)) != 0
             ? static_cast<const Header*>(nlmsg_data(message))
             : nullptr;
}

// 0 where there is none.
template <typename Header>
std::uint32_t number_in(const nlmsghdr* message, int type) {
  const nlattr* found = nla_find(nlmsg_attrdata(message, sizeof(Header)),
                                 nlmsg_attrlen(message, sizeof(Header)), type);
  return found != nullptr && nla_len(found) >= int{sizeof(std::uint32_t)} ? nla_get_u32(found) : 0;
}

bool is_eni_table(std::uint32_t table) {
  return table >= table_of(kFirstSlot) && table <= table_of(kLastSlot);
}

bool is_rule_loss(const nlmsghdr* message) {
  if (message->nlmsg_type != RTM_DELRULE || header_of<fib_rule_hdr>(message) == nullptr) {
    return false;
  }
  const std::uint32_t table = number_in<fib_rule_hdr>(message, FRA_TABLE);
  const std::uint32_t priority = number_in<fib_rule_hdr>(message, FRA_PRIORITY);
  return table == kPodsTable || table == kHostPeersTable || is_eni_table(table) ||
         priority == kHostStackPriority;
}

bool is_route_loss(const nlmsghdr* message, netlink::Socket& routes) {
  const auto* header = header_of<rtmsg>(message);
  if (header == nullptr) {
    return false;
  }
  const std::uint32_t table = number_in<rtmsg>(message, RTA_TABLE);
  const bool is_gone = message->nlmsg_type == RTM_DELROUTE;
  const bool is_strange =
      message->nlmsg_type == RTM_NEWROUTE && header->rtm_protocol != netlink::kProtocol;
  if (is_eni_table(table)) {
    return is_gone || is_strange;
  }
  const bool is_of_pods = table == kPodsTable || table == kHostPeersTable;
  if (!is_of_pods || (!is_gone && !is_strange)) {
    return false;
  }
  const auto link = routes.find_link(static_cast<int>(number_in<rtmsg>(message, RTA_OIF)));
  return link.ok() && link->up;
}

bool is_address_change(const nlmsghdr* message, const Known& known) {
  const auto* header = header_of<ifaddrmsg>(message);
  return header != nullptr && known.eni_links.contains(static_cast<int>(header->ifa_index));
}

bool is_link_change(const nlmsghdr* message, const Known& known) {
  const auto* header = header_of<ifinfomsg>(message);
  if (header == nullptr) {
    return false;
  }
  // The group tells of an ENI that was set up since the last comparison.
  if (known.eni_links.contains(header->ifi_index) ||
      number_in<ifinfomsg>(message, IFLA_GROUP) == kEniGroup) {
    return true;
  }
  const nlattr* found = nla_find(nlmsg_attrdata(message, sizeof(ifinfomsg)),
                                 nlmsg_attrlen(message, sizeof(ifinfomsg)), IFLA_ADDRESS);
  base::Mac mac;
  if (found == nullptr || nla_len(found) != static_cast<int>(mac.bytes.size())) {
    return false;
  }
  std::memcpy(mac.bytes.data(), nla_data(found), mac.bytes.size());
  return known.eni_macs.contains(mac);
}

}  // namespace

base::Result<Known> known_of(const State& state, netlink::Socket& routes) {
  Known known;
  for (const HostEni& eni : state.enis) {
    known.eni_macs.insert(eni.mac);
  }
  for (const netlink::Link& link : TRY(routes.list_links())) {
    if (known.eni_macs.contains(link.mac) && is_nic(link)) {
      known.eni_links.insert(link.index);
    }
  }
  return known;
}

bool may_be_route_loss(const nlmsghdr* message, const Known& known, netlink::Socket& routes) {
  switch (message->nlmsg_type) {
    case RTM_DELRULE:
      return is_rule_loss(message);
    case RTM_NEWROUTE:
    case RTM_DELROUTE:
      return is_route_loss(message, routes);
    case RTM_NEWADDR:
    case RTM_DELADDR:
      return is_address_change(message, known);
    case RTM_NEWLINK:
    case RTM_DELLINK:
      return is_link_change(message, known);
    default:
      return false;
  }
}

namespace {

std::string text_of(const nlmsghdr* message, int attribute) {
  const nlattr* found = nla_find(nlmsg_attrdata(message, sizeof(nfgenmsg)),
                                 nlmsg_attrlen(message, sizeof(nfgenmsg)), attribute);
  return found == nullptr ? std::string() : std::string(nla_get_string(found));
}

// Of the chain or set that the message is about; empty of others.
std::string name_in(const nlmsghdr* message) {
  switch (message->nlmsg_type & 0xffU) {
    case NFT_MSG_DELCHAIN:
      return text_of(message, NFTA_CHAIN_NAME);
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      return text_of(message, NFTA_RULE_CHAIN);
    case NFT_MSG_DELSET:
      return text_of(message, NFTA_SET_NAME);
    case NFT_MSG_DELSETELEM:
      return text_of(message, NFTA_SET_ELEM_LIST_SET);
    default:
      return {};
  }
}

}  // namespace

bool may_be_firewall_loss(const nlmsghdr* message) {
  if (message->nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES) {
    return false;
  }
  switch (message->nlmsg_type & 0xffU) {
    case NFT_MSG_NEWTABLE:  // it may have been made dormant
    case NFT_MSG_DELTABLE:
    case NFT_MSG_DELCHAIN:
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
    case NFT_MSG_DELSET:
    case NFT_MSG_DELSETELEM:
      break;
    default:
      return false;
  }
  return text_of(message, kTableName) == kTable && !firewall::is_of_policies(name_in(message));
}

}  // namespace catena::enilink
