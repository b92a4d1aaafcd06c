// Marks, as docs/firewall.md tells it.
#include "common/firewall/marks.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <iterator>
#include <optional>
#include <unistd.h>

#include "common/base/error_list.h"
#include "common/firewall/marks_plan.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/pod_plan.h"
#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

constexpr int kFieldBits = 8;
constexpr std::uint32_t kKubeProxyBits = 0xc000;  // its masquerade bit 14 and drop bit 15

constexpr std::array<base::Family, 2> kFamilies{base::Family::kIpv4, base::Family::kIpv6};

constexpr const char* kAdvice =
    "load nf_tables and nft_ct (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET, CONFIG_NFT_CT, "
    "CONFIG_NF_CONNTRACK_MARK) or set routing to rules";

base::Status with_advice(base::Status status) {
  if (!status.ok() && status.error().is(base::ErrorKind::kUnsupported)) {
    return std::move(status).error().advice(kAdvice);
  }
  return status;
}

std::string doing(const char* what, const std::vector<base::IpAddress>& pods) {
  std::string text(what);
  for (const base::IpAddress& pod : pods) {
    text += " " + pod.to_string();
  }
  return text;
}

void append(std::vector<Change>& changes, std::vector<Change> more) {
  std::ranges::move(more, std::back_inserter(changes));
}

using MakeChanges = std::vector<Change> (*)(const Set&, const std::vector<Element>&);

// Looked up first, for the reason that Table::those_entered has.
base::Result<std::vector<Change>> changes_of_marked(nl_sock* socket,
                                                    const std::vector<base::IpAddress>& pods,
                                                    MakeChanges make) {
  std::vector<Change> changes;
  for (const base::IpAddress& pod : pods) {
    const Set map = marks_map(pod.family());
    if (const auto found = TRY(find_element(socket, map, key_of(pod)))) {
      append(changes, make(map, {{found->key, std::nullopt, Verdict::go_to(found->chain)}}));
    }
  }
  return changes;
}

}  // namespace

base::Result<MarkSettings> MarkSettings::from_mask(std::uint32_t mask) {
  const int shift = mask == 0 ? 0 : std::countr_zero(mask);
  const int bits = std::countr_one(mask >> static_cast<unsigned>(shift));
  const bool contiguous = std::popcount(mask) == bits;
  std::array<char, 11> text{};
  (void)std::snprintf(text.data(), text.size(), "0x%08x", mask);
  const auto refused = [&text](const std::string& why) {
    return base::Error(base::ErrorKind::kBadConfig, "mask " + std::string(text.data()) + " " + why)
        .advice("give 8 contiguous bits that nobody else uses, as 0x0ff00000");
  };
  if (bits < kFieldBits || mask == 0) {
    const int enis = mask == 0 ? 0 : std::max((1 << bits) - 2, 0);
    return refused("has room for " + std::to_string(enis) + " ENIs, 254 are needed");
  }
  if (!contiguous) {
    return refused("is not of one piece");
  }
  if ((mask & kKubeProxyBits) != 0) {
    return refused("covers bits of kube-proxy (0x4000, 0x8000)");
  }
  return MarkSettings{mask};
}

std::uint32_t MarkSettings::value_of(std::uint32_t slot) const {
  return slot << static_cast<unsigned>(std::countr_zero(mask)) & mask;
}

std::uint32_t MarkSettings::slot_of(std::uint32_t mark) const {
  return (mark & mask) >> static_cast<unsigned>(std::countr_zero(mask));
}

base::Status Table::ensure_marks(const MarkSettings& marks) {
  return with_advice(ensure_with(socket_.get(), marks_plan(marks), {}))
      .context("ensure the chains that mark packets");
}

base::Result<std::vector<Change>> marking(nl_sock* socket, const std::vector<base::IpAddress>& pods,
                                          int slot) {
  const std::string chain = slot_chain(slot);
  std::vector<Change> changes;
  for (const base::IpAddress& pod : pods) {
    const Set map = marks_map(pod.family());
    const std::vector<Element> wanted{{key_of(pod), std::nullopt, Verdict::go_to(chain)}};
    const std::optional<FoundElement> found = TRY(find_element(socket, map, wanted.front().key));
    if (found && found->chain == chain && !found->expiring) {
      continue;
    }
    if (found) {
      append(changes, delete_elements(map, wanted));
    }
    append(changes, add_elements(map, wanted));
  }
  return changes;
}

base::Status Table::mark(const std::vector<base::IpAddress>& pods, int slot,
                         const MarkSettings& marks) {
  const std::vector<Change> changes = TRY(marking(socket_.get(), pods, slot));
  return with_advice(ensure_with(socket_.get(), marks_plan(marks, slot), changes))
      .context(doing("mark what is sent by", pods));
}

base::Status Table::admit(const Admission& pod, const MarkSettings& marks) {
  Plan plan = guard_plan();
  std::vector<Change> changes = TRY(entering(pod.entries));
  if (pod.slot != 0) {
    Plan more = marks_plan(marks, pod.slot);
    std::ranges::move(more.sets, std::back_inserter(plan.sets));
    std::ranges::move(more.elements, std::back_inserter(plan.elements));
    std::ranges::move(more.chains, std::back_inserter(plan.chains));
    append(changes, TRY(marking(socket_.get(), pod.addresses, pod.slot)));
  }
  return with_advice(ensure_with(socket_.get(), plan, changes))
      .context("let the pod's link through");
}

base::Status Table::unmark(const std::vector<base::IpAddress>& pods) {
  Batch batch;
  batch.add(TRY(changes_of_marked(socket_.get(), pods, delete_elements)));
  return batch.commit(socket_.get()).context(doing("unmark", pods));
}

base::Status Table::forget_marks(const std::vector<base::IpAddress>& pods) {
  Batch batch;
  batch.add(TRY(changes_of_marked(socket_.get(), pods, expire_elements)));
  return batch.commit(socket_.get()).context(doing("forget the marks of", pods));
}

base::Result<bool> Table::has_marks(const MarkSettings& marks) {
  return is_in_place(socket_.get(), marks_plan(marks));
}

base::Result<bool> Table::knows_marks(const MarkSettings& marks) {
  return has_element(socket_.get(), slots_map(), host_order(marks.value_of(kNoEni)));
}

base::Result<bool> Table::is_marked(const Marked& pod, const MarkSettings& marks) {
  const std::optional<FoundElement> found =
      TRY(find_element(socket_.get(), marks_map(pod.address.family()), key_of(pod.address)));
  if (!found || found->chain != slot_chain(pod.slot) || found->expiring) {
    return false;
  }
  return is_in_place(socket_.get(), marks_plan(marks, pod.slot));
}

base::Result<std::vector<Marked>> Table::marked() {
  std::vector<Marked> all;
  for (const base::Family family : kFamilies) {
    for (const FoundElement& found : TRY(settled_elements_in(socket_.get(), marks_map(family)))) {
      if (found.key.size() == address_field(family).size) {
        all.push_back(
            {base::IpAddress::from_bytes(family, found.key.data()), slot_of_chain(found.chain)});
      }
    }
  }
  return all;
}

// The table is made and deleted in one transaction.
base::Status Table::can_mark() {
  const std::string table = "catena-try-" + std::to_string(::getpid());
  Batch batch;
  batch.add(ensure(marks_plan(MarkSettings{}, kFirstMarkedSlot, table), table));
  batch.add(delete_table(table));
  base::Status made = batch.commit(socket_.get());
  if (!made.ok() && made.error().is(base::ErrorKind::kNotFound)) {
    made = std::move(made).error().as(base::ErrorKind::kUnsupported);
  }
  return with_advice(std::move(made)).context("try the chains that mark packets");
}

}  // namespace catena::firewall
