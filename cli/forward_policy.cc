#include "cli/forward_policy.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <endian.h>
#include <sys/socket.h>

// clang-format off
// libc's first: the kernel's headers clash with it otherwise.
#include <netinet/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
// clang-format on

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "common/base/file.h"
#include "common/base/unique_fd.h"
#include "common/firewall/table.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using Texts = std::vector<std::string>;

constexpr char kFilter[] = "filter";  // the table's name to iptables-legacy

std::uint32_t number_in(nlattr* attribute) {
  return attribute == nullptr ? 0 : be32toh(nla_get_u32(attribute));
}

const char* family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_INET:
      return "inet";
    default:
      return "";
  }
}

int look_at_chain(nl_msg* message, void* into) {
  nlmsghdr* header = nlmsg_hdr(message);
  nlattr* chain[NFTA_CHAIN_MAX + 1] = {};
  nlattr* hook[NFTA_HOOK_MAX + 1] = {};
  if (nlmsg_parse(header, sizeof(nfgenmsg), chain, NFTA_CHAIN_MAX, nullptr) < 0 ||
      chain[NFTA_CHAIN_HOOK] == nullptr || chain[NFTA_CHAIN_POLICY] == nullptr ||
      nla_parse_nested(hook, NFTA_HOOK_MAX, chain[NFTA_CHAIN_HOOK], nullptr) < 0) {
    return NL_OK;
  }
  const std::string family =
      family_name(static_cast<const nfgenmsg*>(nlmsg_data(header))->nfgen_family);
  if (!family.empty() && number_in(hook[NFTA_HOOK_HOOKNUM]) == NF_INET_FORWARD &&
      number_in(chain[NFTA_CHAIN_POLICY]) == NF_DROP && chain[NFTA_CHAIN_TABLE] != nullptr &&
      chain[NFTA_CHAIN_NAME] != nullptr) {
    static_cast<Texts*>(into)->push_back(family + " " + nla_get_string(chain[NFTA_CHAIN_TABLE]) +
                                         " " + nla_get_string(chain[NFTA_CHAIN_NAME]) +
                                         " (nf_tables)");
  }
  return NL_OK;
}

// Chains of every table, those of iptables-nft among them.
base::Status add_nftables(Texts& drops) {
  auto socket = firewall::open_socket();
  if (!socket.ok()) {
    return socket.error().is(ErrorKind::kUnsupported) ? base::Status() : socket.error();
  }
  const std::string what = "list the chains of nf_tables";
  nfgenmsg every_family{AF_UNSPEC, NFNETLINK_V0, 0};
  const int sent = nl_send_simple(socket->get(), NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
                                  NLM_F_REQUEST | NLM_F_DUMP, &every_family, sizeof(every_family));
  // Messages of one dump are told apart by nobody else: the socket is ours alone.
  nl_socket_disable_seq_check(socket->get());
  nl_socket_modify_cb(socket->get(), NL_CB_VALID, NL_CB_CUSTOM, look_at_chain, &drops);
  const int heard = sent < 0 ? sent : nl_recvmsgs_default(socket->get());
  if (heard < 0) {
    return Error(ErrorKind::kInternal, what + ": " + nl_geterror(heard));
  }
  return {};
}

// The policy of a built-in chain is the verdict of its last rule (ip_tables.h, ipt_get_entries).
base::Result<bool> legacy_drops(int fd) {
  ipt_getinfo info{};
  std::memcpy(info.name, kFilter, sizeof(kFilter));
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &info, &size) != 0) {
    return Error::from_errno(errno, "ask for the filter table of iptables-legacy");
  }
  std::vector<char> buffer(sizeof(ipt_get_entries) + info.size);
  ipt_get_entries head{};
  std::memcpy(head.name, kFilter, sizeof(kFilter));
  head.size = info.size;
  std::memcpy(buffer.data(), &head, sizeof(head));
  size = static_cast<socklen_t>(buffer.size());
  if (::getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, buffer.data(), &size) != 0) {
    return Error::from_errno(errno, "read the filter table of iptables-legacy");
  }
  const std::size_t policy =
      offsetof(ipt_get_entries, entrytable) + info.underflow[NF_INET_FORWARD] + sizeof(ipt_entry);
  xt_standard_target target{};
  if (policy + sizeof(target) > buffer.size()) {
    return Error(ErrorKind::kInternal, "the filter table of iptables-legacy ends early");
  }
  std::memcpy(&target, buffer.data() + policy, sizeof(target));
  return target.verdict == -NF_DROP - 1;
}

// IPv4 alone; /proc/self/net so that it is the thread's own process namespace.
base::Status add_legacy(Texts& drops) {
  const auto tables = base::read_file("/proc/self/net/ip_tables_names", 65536);
  if (!tables.ok() || ("\n" + *tables).find("\nfilter\n") == std::string::npos) {
    return {};
  }
  const base::UniqueFd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  if (!fd.valid()) {
    return Error::from_errno(errno, "open a raw socket for iptables-legacy");
  }
  if (TRY(legacy_drops(fd.get()))) {
    drops.emplace_back("ip filter FORWARD (iptables-legacy)");
  }
  return {};
}

}  // namespace

base::Result<Texts> forward_drops() {
  Texts drops;
  TRY(add_nftables(drops));
  TRY(add_legacy(drops));
  return drops;
}

}  // namespace catena::cli
