#include "xtables/nft_rules.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>

// clang-format off
// libc's first: the kernel's headers clash with it otherwise.
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
// clang-format on

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "common/firewall/attributes.h"
#include "common/firewall/exchange.h"
#include "common/firewall/table.h"

namespace catena::xtables {
namespace {

using base::Result;

// What iptables-nft names its tables, as the tables of iptables are called.
constexpr std::array<const char*, 5> kTables{"filter", "nat", "mangle", "raw", "security"};

struct Family {
  std::uint8_t number;
  const char* name;
};
constexpr std::array<Family, 2> kFamilies{{{NFPROTO_IPV4, "ip"}, {NFPROTO_IPV6, "ip6"}}};

std::string request(const Family& family, const char* table) {
  firewall::Attributes attributes;
  attributes.text(NFTA_RULE_TABLE, table);
  const nfgenmsg head{family.number, NFNETLINK_V0, 0};
  nlmsghdr header{};
  header.nlmsg_len =
      static_cast<std::uint32_t>(sizeof(header) + sizeof(head) + attributes.data().size());
  header.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  std::string wire(reinterpret_cast<const char*>(&header), sizeof(header));
  wire.append(reinterpret_cast<const char*>(&head), sizeof(head));
  return wire + attributes.data();
}

// Kernels that do not know the filter by table send the rules of all.
bool is_rule_of(nlmsghdr* message, const std::string& table) {
  std::array<nlattr*, NFTA_RULE_MAX + 1> rule{};
  return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) &&
         nlmsg_parse(message, sizeof(nfgenmsg), rule.data(), NFTA_RULE_MAX, nullptr) == 0 &&
         rule[NFTA_RULE_TABLE] != nullptr && nla_get_string(rule[NFTA_RULE_TABLE]) == table;
}

}  // namespace

Result<std::string> nft_table_in_use() {
  auto socket = firewall::open_socket();
  if (!socket.ok()) {
    return socket.error().is(base::ErrorKind::kUnsupported) ? Result<std::string>("")
                                                            : std::move(socket).error();
  }
  for (const Family& family : kFamilies) {
    for (const std::string table : kTables) {
      bool found = false;
      // What the kernel refuses (it has no nf_tables, no such family) it has no rules of.
      TRY(firewall::converse(
          socket->get(), request(family, table.c_str()), "look for rules of iptables-nft",
          [&](nlmsghdr* message) { found = found || is_rule_of(message, table); }));
      if (found) {
        return std::string(family.name) + " " + table;
      }
    }
  }
  return std::string();
}

}  // namespace catena::xtables
