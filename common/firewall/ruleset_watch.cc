#include "common/firewall/ruleset_watch.h"

#include <algorithm>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/firewall/plan.h"
#include "common/firewall/policy_plan.h"
#include "common/netlink/watch.h"

namespace catena::firewall {
namespace {

constexpr unsigned kGroup = 7;  // NFNLGRP_NFTABLES
// libnl makes a socket's port of the process's id, which are its lowest 22 bits (nl_socket_alloc).
constexpr std::uint32_t kProcessBits = 0x3fffff;
constexpr int kTableName = 1;  // NFTA_TABLE_NAME, NFTA_RULE_TABLE, ...

std::string text_of(const nlmsghdr* message, int attribute) {
  const nlattr* found = nla_find(nlmsg_attrdata(message, sizeof(nfgenmsg)),
                                 nlmsg_attrlen(message, sizeof(nfgenmsg)), attribute);
  return found == nullptr ? std::string() : std::string(nla_get_string(found));
}

bool is_ours(const nlmsghdr* message) {
  return (message->nlmsg_pid & kProcessBits) ==
         (static_cast<std::uint32_t>(::getpid()) & kProcessBits);
}

bool is_map(const std::string& name) {
  return std::ranges::any_of(kDirections, [&name](Direction direction) {
    return name == subjects_map(direction, base::Family::kIpv4).name ||
           name == subjects_map(direction, base::Family::kIpv6).name;
  });
}

Foreign of_chain(const std::string& chain) {
  if (!subject_of_chain(chain).empty()) {
    return Foreign::kOfAPod;
  }
  return is_of_policies(chain) ? Foreign::kOfAll : Foreign::kNothing;
}

Foreign judge(const nlmsghdr* message) {
  if (message->nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES || is_ours(message) ||
      text_of(message, kTableName) != kTable) {
    return Foreign::kNothing;
  }
  switch (message->nlmsg_type & 0xffU) {
    case NFT_MSG_NEWTABLE:  // it may have been made dormant
    case NFT_MSG_DELTABLE:
      return Foreign::kOfAll;
    case NFT_MSG_DELCHAIN:
      return of_chain(text_of(message, NFTA_CHAIN_NAME));
    case NFT_MSG_NEWRULE:
    case NFT_MSG_DELRULE:
      return of_chain(text_of(message, NFTA_RULE_CHAIN));
    case NFT_MSG_DELSET:
      return is_of_policies(text_of(message, NFTA_SET_NAME)) ? Foreign::kOfAll : Foreign::kNothing;
    case NFT_MSG_NEWSETELEM:
    case NFT_MSG_DELSETELEM:
      return is_of_policies(text_of(message, NFTA_SET_ELEM_LIST_SET)) ? Foreign::kOfAPod
                                                                      : Foreign::kNothing;
    default:
      return Foreign::kNothing;
  }
}

}  // namespace

bool is_of_policies(const std::string& name) {
  return is_policy_set(name) || is_policy_chain(name) || is_map(name) ||
         !subject_of_chain(name).empty() || name.starts_with("policy-");
}

base::Result<RulesetWatch> RulesetWatch::open() {
  return RulesetWatch(
      TRY(netlink::open_watch(NETLINK_NETFILTER, {kGroup}).context("hear of the firewall")));
}

base::Result<Foreign> RulesetWatch::read() {
  Foreign worst = Foreign::kNothing;
  const netlink::Heard heard = TRY(netlink::read_watch(
      fd(), [&worst](const nlmsghdr* message) { worst = std::max(worst, judge(message)); }));
  return heard == netlink::Heard::kEverything ? worst : Foreign::kOfAll;
}

}  // namespace catena::firewall
