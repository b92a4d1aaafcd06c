#include "common/firewall/marks_plan.h"

#include <charconv>
#include <string_view>

#include "common/firewall/netfilter.h"

namespace catena::firewall {
namespace {

// With mangle (NF_IP_PRI_MANGLE): behind connection tracking (-200), before DNAT (-100).
constexpr std::int32_t kMarkPriority = -150;
constexpr std::uint32_t kKubeProxyMasquerade = 0x4000;
constexpr std::uint32_t kEniGroup = 20200;               // enilink/numbers.h
constexpr std::string_view kOriginalDirection{"\0", 1};  // IP_CT_DIR_ORIGINAL
constexpr const char* kSlotsMap = "slots";
constexpr const char* kSlotChains = "slot-";

Expressions& set_connection_mark(Expressions& expressions, const MarkSettings& marks,
                                 std::uint32_t slot) {
  return expressions.load_ct(NFT_CT_MARK)
      .change_bits(~marks.mask, marks.value_of(slot))
      .store_ct(NFT_CT_MARK);
}

Rule connection_mark(const MarkSettings& marks, std::uint32_t slot) {
  Expressions expressions;
  set_connection_mark(expressions, marks, slot);
  return {"remember it for the connection", std::move(expressions)};
}

// Slot 0: none.
Rule packet_mark(const MarkSettings& marks, std::uint32_t slot) {
  Expressions expressions;
  expressions.load_meta(NFT_META_MARK)
      .change_bits(~marks.mask, marks.value_of(slot))
      .store_meta(NFT_META_MARK);
  return {slot == 0 ? "leaves by no ENI" : "leaves by this ENI", std::move(expressions)};
}

Rule by_connection(const MarkSettings& marks) {
  Expressions expressions;
  expressions.load_ct(NFT_CT_MARK).change_bits(marks.mask, 0).verdict_of(kSlotsMap);
  return {"as the connection began", std::move(expressions)};
}

Rule by_pod(base::Family family, const std::string& table) {
  Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .compare(NFT_CMP_EQ, kPodInterfaces)
      .is_family(family)
      .load_address(family, End::kSource)
      .verdict_of(marks_map(family, table).name);
  return {"by the pod that sends", std::move(expressions)};
}

// Those that enter by an ENI need no mark: the pod's answers get that of the pod. In the forward
// hook, so that what the node itself serves is left alone.
Rule by_another_way(const MarkSettings& marks) {
  Expressions expressions;
  expressions.load_meta(NFT_META_OIFNAME)
      .compare(NFT_CMP_EQ, kPodInterfaces)
      .load_meta(NFT_META_IIFGROUP)
      .compare(NFT_CMP_NEQ, host_order(kEniGroup))
      .load_ct(NFT_CT_DIRECTION)
      .compare(NFT_CMP_EQ, kOriginalDirection)
      .load_ct(NFT_CT_MARK)
      .change_bits(marks.mask, 0)
      .compare(NFT_CMP_EQ, host_order(0));
  set_connection_mark(expressions, marks, kNoEni);
  return {"came by no ENI, so is answered by none", std::move(expressions)};
}

Rule masqueraded_by_kube_proxy() {
  Expressions expressions;
  expressions.load_meta(NFT_META_IIFNAME)
      .compare(NFT_CMP_EQ, kPodInterfaces)
      .load_meta(NFT_META_MARK)
      .change_bits(kKubeProxyMasquerade, 0)
      .compare(NFT_CMP_NEQ, host_order(0))
      .verdict(Verdict::go_to(kByMainChain));
  return {"will have the node's address, which no ENI may send", std::move(expressions)};
}

}  // namespace

std::string slot_chain(int slot) { return kSlotChains + std::to_string(slot); }

int slot_of_chain(const std::string& chain) {
  const std::string_view prefix = kSlotChains;
  int slot = 0;
  if (chain.starts_with(prefix)) {
    (void)std::from_chars(chain.data() + prefix.size(), chain.data() + chain.size(), slot);
  }
  return slot;
}

Set marks_map(base::Family family, const std::string& table) {
  const char* name = family == base::Family::kIpv4 ? "mark4" : "mark6";
  return {table, name, {address_field(family)}, false, true, true};
}

Set slots_map(const std::string& table) { return {table, kSlotsMap, {kMarkField}, false, true}; }

Plan marks_plan(const MarkSettings& marks, std::optional<int> slot, const std::string& table) {
  const auto regular = [&table](const std::string& name) {
    return BaseChain{table, name, "", 0, 0};
  };
  Plan plan;
  plan.sets = {marks_map(base::Family::kIpv4, table), marks_map(base::Family::kIpv6, table),
               slots_map(table)};
  std::vector<Element> slots{{host_order(marks.value_of(kNoEni)), std::nullopt, Verdict::accept()}};
  plan.chains = {
      {regular(kByMainChain), {packet_mark(marks, 0), connection_mark(marks, kNoEni)}},
      {{table, "marks", "filter", NF_INET_PRE_ROUTING, kMarkPriority},
       {by_connection(marks), by_pod(base::Family::kIpv4, table),
        by_pod(base::Family::kIpv6, table)}},
      {{table, "marks-forward", "filter", NF_INET_FORWARD, kMarkPriority}, {by_another_way(marks)}},
      {{table, "marks-after-dnat", "filter", NF_INET_PRE_ROUTING, kAfterDnatPriority},
       {masqueraded_by_kube_proxy()}}};
  if (slot) {
    const auto number = static_cast<std::uint32_t>(*slot);
    slots.push_back(
        {host_order(marks.value_of(number)), std::nullopt, Verdict::go_to(slot_chain(*slot))});
    plan.chains.push_back(
        {regular(slot_chain(*slot)), {packet_mark(marks, number), connection_mark(marks, number)}});
  }
  plan.elements.push_back({slots_map(table), std::move(slots)});
  return plan;
}

}  // namespace catena::firewall
