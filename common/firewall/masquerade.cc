// Masquerade, as docs/firewall.md tells it.
#include <array>
#include <cstdint>
#include <cstdio>

#include "common/base/hash.h"
#include "common/firewall/marks_plan.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/plan.h"
#include "common/firewall/prefixes.h"
#include "common/firewall/read.h"
#include "common/firewall/table.h"

namespace catena::firewall {
namespace {

constexpr std::int32_t kSourceNatPriority = 100;  // NF_IP_PRI_NAT_SRC

constexpr const char* kAdvice =
    "load nf_tables with nft_masq and nft_chain_nat (CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, "
    "CONFIG_NFT_MASQ) or set masquerade to false";

constexpr std::array<base::Family, 2> kFamilies{base::Family::kIpv4, base::Family::kIpv6};

// Never masqueraded: link-local and multicast destinations, for which the sender's own address is
// the only one that means anything.
void add_always_kept(std::vector<base::Prefix>& keep) {
  const auto add = [&keep](base::Family family, std::array<std::uint8_t, 16> bytes, int length) {
    keep.emplace_back(base::IpAddress::from_bytes(family, bytes.data()), length);
  };
  add(base::Family::kIpv4, {169, 254}, 16);
  add(base::Family::kIpv4, {224}, 4);
  add(base::Family::kIpv4, {255, 255, 255, 255}, 32);
  add(base::Family::kIpv6, {0xfe, 0x80}, 10);
  add(base::Family::kIpv6, {0xff}, 8);
}

// What the kernel holds for one list of kept networks. Named by a hash of what the list covers, so
// that its order and its spelling do not matter.
struct KeepList {
  explicit KeepList(std::vector<base::Prefix> keep) {
    add_always_kept(keep);
    std::string text;
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
      intervals[i] = merged(keep, kFamilies[i]);
      for (const Interval& interval : intervals[i]) {
        text += interval.first.to_string() + "-" + interval.last.to_string() + " ";
      }
    }
    std::array<char, 17> hex{};
    (void)std::snprintf(hex.data(), hex.size(), "%016llx",
                        static_cast<unsigned long long>(base::hash64(text)));
    hash = hex.data();
  }

  Set kept(base::Family family) const {
    const char* prefix = family == base::Family::kIpv4 ? "keep4-" : "keep6-";
    return {kTable, prefix + hash, {address_field(family)}, true, false};
  }
  Set pods(base::Family family) const {
    const char* prefix = family == base::Family::kIpv4 ? "masq4-" : "masq6-";
    return {kTable, prefix + hash, {address_field(family)}, false, false, true};
  }

  std::array<std::vector<Interval>, 2> intervals;  // as kFamilies
  std::string hash;
};

Rule masquerade_rule(const KeepList& list, base::Family family) {
  Expressions expressions;
  expressions.is_family(family)
      .load_address(family, End::kSource)
      .in_set(list.pods(family).name)
      .load_address(family, End::kDestination)
      .not_in_set(list.kept(family).name)
      .load_meta(NFT_META_OIFNAME)
      .compare(NFT_CMP_NEQ, kPodInterfaces)
      .masquerade(NF_NAT_RANGE_PROTO_RANDOM_FULLY);
  return {"to neither a kept network nor a pod here", std::move(expressions)};
}

// What will be masqueraded must not leave by an ENI, on which the VPC takes only the pod's address.
Rule unmark_rule(const KeepList& list, base::Family family) {
  Expressions expressions;
  expressions.is_family(family)
      .load_address(family, End::kSource)
      .in_set(list.pods(family).name)
      .load_address(family, End::kDestination)
      .not_in_set(list.kept(family).name)
      .verdict(Verdict::go_to(kByMainChain));
  return {"will have the node's address, which no ENI may send", std::move(expressions)};
}

// Chains of its own for each list: lists come and go without touching each other's rules.
Plan plan_of(const KeepList& list, const std::optional<MarkSettings>& marks) {
  PlannedChain chain{{kTable, "masq-" + list.hash, "nat", NF_INET_POST_ROUTING, kSourceNatPriority},
                     {}};
  PlannedChain unmark{
      {kTable, "main-" + list.hash, "filter", NF_INET_PRE_ROUTING, kAfterDnatPriority}, {}};
  Plan plan = marks ? marks_plan(*marks) : Plan{};
  for (std::size_t i = 0; i < kFamilies.size(); ++i) {
    plan.sets.push_back(list.pods(kFamilies[i]));
    plan.sets.push_back(list.kept(kFamilies[i]));
    plan.elements.push_back({list.kept(kFamilies[i]), elements_of(list.intervals[i])});
    chain.rules.push_back(masquerade_rule(list, kFamilies[i]));
    unmark.rules.push_back(unmark_rule(list, kFamilies[i]));
  }
  if (marks) {
    plan.chains.push_back(std::move(unmark));
  }
  plan.chains.push_back(std::move(chain));
  return plan;
}

using MakeChanges = std::vector<Change> (*)(const Set&, const std::vector<Element>&);

std::vector<Change> changes_of(MakeChanges make, const KeepList& list,
                               const std::vector<base::IpAddress>& pods) {
  std::vector<Change> changes;
  for (const base::Family family : kFamilies) {
    std::vector<Element> elements;
    for (const base::IpAddress& pod : pods) {
      if (pod.family() == family) {
        elements.push_back({key_of(pod), std::nullopt, std::nullopt});
      }
    }
    for (Change& change : make(list.pods(family), elements)) {
      changes.push_back(std::move(change));
    }
  }
  return changes;
}

// Looked up first, for the reason that Table::those_entered has.
base::Result<std::vector<base::IpAddress>> those_in(nl_sock* socket, const KeepList& list,
                                                    const std::vector<base::IpAddress>& pods) {
  std::vector<base::IpAddress> found;
  for (const base::IpAddress& pod : pods) {
    if (TRY(has_element(socket, list.pods(pod.family()), key_of(pod)))) {
      found.push_back(pod);
    }
  }
  return found;
}

std::string doing(const char* what, const std::vector<base::IpAddress>& pods) {
  std::string text(what);
  for (const base::IpAddress& pod : pods) {
    text += " " + pod.to_string();
  }
  return text;
}

}  // namespace

base::Status Table::masquerade(const std::vector<base::IpAddress>& pods,
                               const std::vector<base::Prefix>& keep,
                               const std::optional<MarkSettings>& marks) {
  const KeepList list(keep);
  base::Status made =
      ensure_with(socket_.get(), plan_of(list, marks), changes_of(add_elements, list, pods));
  if (!made.ok() && made.error().is(base::ErrorKind::kUnsupported)) {
    made = std::move(made).error().advice(kAdvice);
  }
  return std::move(made).context(doing("masquerade", pods));
}

base::Status Table::stop_masquerade(const std::vector<base::IpAddress>& pods,
                                    const std::vector<base::Prefix>& keep) {
  const KeepList list(keep);
  const std::vector<base::IpAddress> masqueraded = TRY(those_in(socket_.get(), list, pods));
  Batch batch;
  batch.add(changes_of(delete_elements, list, masqueraded));
  return batch.commit(socket_.get()).context(doing("stop to masquerade", masqueraded));
}

base::Status Table::forget_masquerade(const std::vector<base::IpAddress>& pods,
                                      const std::vector<base::Prefix>& keep) {
  const KeepList list(keep);
  const std::vector<base::IpAddress> masqueraded = TRY(those_in(socket_.get(), list, pods));
  Batch batch;
  batch.add(changes_of(expire_elements, list, masqueraded));
  return batch.commit(socket_.get()).context(doing("forget to masquerade", masqueraded));
}

base::Result<bool> Table::is_masqueraded(const base::IpAddress& pod,
                                         const std::vector<base::Prefix>& keep,
                                         const std::optional<MarkSettings>& marks) {
  const KeepList list(keep);
  if (!TRY(is_in_place(socket_.get(), plan_of(list, marks)))) {
    return false;
  }
  return has_element(socket_.get(), list.pods(pod.family()), key_of(pod));
}

}  // namespace catena::firewall
