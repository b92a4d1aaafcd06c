// Links between the node and pods that have a NIC of their own, as docs/firewall.md tells it.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/firewall/marks_plan.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/plan.h"
#include "common/firewall/read.h"
#include "common/firewall/table.h"

namespace catena::firewall {
namespace {

// Behind what leads packets to main after DNAT, which must not be for these pods.
constexpr std::int32_t kBehindByMain = kAfterDnatPriority + 1;
// Before the masquerading of others (NF_IP_PRI_NAT_SRC, 100), for which the kernel takes any
// address of the node where the link has none.
constexpr std::int32_t kBeforeMasquerade = 99;
constexpr std::uint32_t kTranslated = 1U << 5U;          // IPS_DST_NAT
constexpr std::string_view kOriginalDirection{"\0", 1};  // IP_CT_DIR_ORIGINAL
constexpr std::string_view kReplyDirection{"\1", 1};     // IP_CT_DIR_REPLY

constexpr const char* kAdvice =
    "load nf_tables with nft_ct, nft_nat and nft_masq (CONFIG_NF_TABLES_INET, CONFIG_NFT_CT, "
    "CONFIG_NFT_NAT, CONFIG_NFT_MASQ), or set disableHostPeer to true: such pods then reach no "
    "service and not the node";

Set host_links_set() { return {kTable, "host-links", {kInterfaceField}, false, false, true}; }

Element element_of(const std::string& if_name) {
  return {key_of_interface(if_name), std::nullopt, std::nullopt};
}

Expressions by_host_link(std::string_view direction) {
  Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .in_set(host_links_set().name)
      .load_ct(NFT_CT_DIRECTION)
      .compare(NFT_CMP_EQ, direction);
  return expressions;
}

Expressions& set_packet_mark(Expressions& expressions, const MarkSettings& marks) {
  return expressions.load_meta(NFT_META_MARK)
      .change_bits(~marks.mask, marks.value_of(kNoEni))
      .store_meta(NFT_META_MARK);
}

// Whatever kube-proxy wants with it: the answers have to find back to this link.
Rule from_host_link(base::Family family) {
  Expressions expressions = by_host_link(kOriginalDirection);
  expressions.is_family(family)
      .load_address(family, End::kSource)
      .verdict_of(marks_map(family).name);
  return {"answered by the link that it came by", std::move(expressions)};
}

// So that the way back to the pod is found when the kernel checks its address.
Rule answer_by_host_link(const MarkSettings& marks) {
  Expressions expressions = by_host_link(kReplyDirection);
  set_packet_mark(expressions, marks);
  return {"an answer that came by a host link", std::move(expressions)};
}

Rule translated_from_outside(const MarkSettings& marks) {
  Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .compare(NFT_CMP_NEQ, kPodInterfaces)
      .load_ct(NFT_CT_DIRECTION)
      .compare(NFT_CMP_EQ, kOriginalDirection)
      .load_ct(NFT_CT_STATUS)
      .change_bits(kTranslated, 0)
      .compare(NFT_CMP_NEQ, host_order(0));
  set_packet_mark(expressions, marks);
  return {"a pod's host link, if it has one", std::move(expressions)};
}

Rule with_nodes_address(const base::IpAddress& address) {
  Expressions expressions;
  expressions.load_meta(NFT_META_OIFNAME)
      .in_set(host_links_set().name)
      .is_family(address.family())
      .translate_source(address);
  return {"answered to the node alone", std::move(expressions)};
}

Plan host_links_plan(const NodeAddresses& node, const MarkSettings& marks) {
  Plan plan = marks_plan(marks);
  plan.sets.push_back(host_links_set());
  plan.chains.push_back({{kTable, "host-links", "filter", NF_INET_PRE_ROUTING, kBehindByMain},
                         {from_host_link(base::Family::kIpv4), from_host_link(base::Family::kIpv6),
                          answer_by_host_link(marks), translated_from_outside(marks)}});
  PlannedChain sources{{kTable, "host-links-nat", "nat", NF_INET_POST_ROUTING, kBeforeMasquerade},
                       {}};
  for (const auto& address : {node.ipv4, node.ipv6}) {
    if (address) {
      sources.rules.push_back(with_nodes_address(*address));
    }
  }
  plan.chains.push_back(std::move(sources));
  return plan;
}

}  // namespace

base::Status Table::add_host_link(const std::string& if_name, const NodeAddresses& node,
                                  const MarkSettings& marks) {
  base::Status made = ensure_with(socket_.get(), host_links_plan(node, marks),
                                  add_elements(host_links_set(), {element_of(if_name)}));
  if (!made.ok() && made.error().is(base::ErrorKind::kUnsupported)) {
    made = std::move(made).error().advice(kAdvice);
  }
  return std::move(made).context("let the node reach a pod by " + if_name);
}

base::Status Table::remove_host_link(const std::string& if_name) {
  // Looked up first, for the reason that Table::those_entered has.
  const Element link = element_of(if_name);
  if (!TRY(has_element(socket_.get(), host_links_set(), link.key))) {
    return {};
  }
  Batch batch;
  batch.add(delete_elements(host_links_set(), {link}));
  return batch.commit(socket_.get()).context("remove host link " + if_name);
}

base::Status Table::forget_host_link(const std::string& if_name) {
  const Element link = element_of(if_name);
  if (!TRY(has_element(socket_.get(), host_links_set(), link.key))) {
    return {};
  }
  Batch batch;
  batch.add(expire_elements(host_links_set(), {link}));
  return batch.commit(socket_.get()).context("forget host link " + if_name);
}

base::Result<bool> Table::has_host_link(const std::string& if_name, const NodeAddresses& node,
                                        const MarkSettings& marks) {
  if (!TRY(is_in_place(socket_.get(), host_links_plan(node, marks)))) {
    return false;
  }
  return has_element(socket_.get(), host_links_set(), element_of(if_name).key);
}

base::Result<std::vector<std::string>> Table::host_links() {
  std::vector<std::string> names;
  for (const FoundElement& found : TRY(settled_elements_in(socket_.get(), host_links_set()))) {
    names.push_back(found.key.substr(0, found.key.find('\0')));
  }
  return names;
}

}  // namespace catena::firewall
