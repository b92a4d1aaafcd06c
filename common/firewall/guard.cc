// The guard of docs/firewall.md.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/error_list.h"
#include "common/firewall/netfilter.h"
#include "common/firewall/pod_plan.h"
#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

// Before connection tracking (-200), so that a dropped packet costs little.
constexpr std::int32_t kFromPodPriority = -290;
// Interface and destination are final in postrouting; before the policies (94, 95) and NAT (100).
constexpr std::int32_t kToPodPriority = 93;
// A pod's own NIC: behind source NAT (100) of the pod's own, so that what counts is what leaves;
// before the policies (201) and connection tracking's helpers (300).
constexpr std::int32_t kOutOfNicPriority = 200;

constexpr const char* kAdvice =
    "load nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET) or set closedUntilPolicy to false";

// How many entries one batch of deletions has: what is gone is refused entry by entry, and that
// many refusals fit the receive buffer.
constexpr std::size_t kLeaveAtOnce = 32;

// RFC 4861: router and neighbour solicitation and advertisement, redirect.
constexpr unsigned char kFirstNeighbourType = 133;
constexpr unsigned char kLastNeighbourType = 137;

std::string_view one_byte(const unsigned char& value) {
  return {reinterpret_cast<const char*>(&value), 1};
}

enum class Guarded : std::uint8_t { kHostLinks, kNics };

// What a guard's chain looks at of a packet.
struct Look {
  Guarded guarded;
  nft_meta_keys interface_name;
  End end;
};

Expressions guarded_only(const Look& look) {
  Expressions expressions;
  expressions.load_meta(look.interface_name);
  if (look.guarded == Guarded::kNics) {
    return expressions.in_set(nics_set().name);
  }
  return expressions.compare(NFT_CMP_EQ, kPodInterfaces);
}

Rule drop_unless_entered(const Look& look, base::Family family) {
  Expressions expressions = guarded_only(look);
  expressions.is_family(family)
      .load_meta(look.interface_name)
      .load_address(family, look.end, kAfterName)
      .not_in_set(entered_set(family).name)
      .verdict(Verdict::drop());
  return {"not an address entered for this interface", std::move(expressions)};
}

Rule pass_neighbour_discovery(const Look& look) {
  Expressions expressions = guarded_only(look);
  add_is_neighbour_discovery(expressions).verdict(Verdict::accept());
  return {"neighbour discovery", std::move(expressions)};
}

PlannedChain guard_chain(BaseChain chain, const Look& look) {
  return {std::move(chain),
          {drop_unless_entered(look, base::Family::kIpv4), pass_neighbour_discovery(look),
           drop_unless_entered(look, base::Family::kIpv6)}};
}

}  // namespace

Set entered_set(base::Family family) {
  const char* name = family == base::Family::kIpv4 ? "entered4" : "entered6";
  return {kTable, name, {kInterfaceField, address_field(family)}, false, false, true};
}

Set nics_set() { return {kTable, "nics", {kInterfaceField}}; }

Expressions& add_is_neighbour_discovery(Expressions& expressions) {
  constexpr unsigned char kProtocol = IPPROTO_ICMPV6;
  return expressions.is_family(base::Family::kIpv6)
      .load_meta(NFT_META_L4PROTO)
      .compare(NFT_CMP_EQ, one_byte(kProtocol))
      .load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1)
      .compare(NFT_CMP_GTE, one_byte(kFirstNeighbourType))
      .compare(NFT_CMP_LTE, one_byte(kLastNeighbourType));
}

Plan guard_plan() {
  return {{entered_set(base::Family::kIpv4), entered_set(base::Family::kIpv6)},
          {},
          {guard_chain({kTable, "guard-from-pod", "filter", NF_INET_PRE_ROUTING, kFromPodPriority},
                       {Guarded::kHostLinks, NFT_META_IIFNAME, End::kSource}),
           guard_chain({kTable, "guard-to-pod", "filter", NF_INET_POST_ROUTING, kToPodPriority},
                       {Guarded::kHostLinks, NFT_META_OIFNAME, End::kDestination})}};
}

Plan nic_guard_plan(const std::string& if_name) {
  return {
      {entered_set(base::Family::kIpv4), entered_set(base::Family::kIpv6), nics_set()},
      {{nics_set(), {{key_of_interface(if_name), std::nullopt, std::nullopt}}}},
      {guard_chain({kTable, "guard-into-nic", "filter", NF_INET_PRE_ROUTING, kFromPodPriority},
                   {Guarded::kNics, NFT_META_IIFNAME, End::kDestination}),
       guard_chain({kTable, "guard-out-of-nic", "filter", NF_INET_POST_ROUTING, kOutOfNicPriority},
                   {Guarded::kNics, NFT_META_OIFNAME, End::kSource})}};
}

namespace {

std::string text_of(const Entry& entry) {
  return entry.if_name + " . " + entry.address.to_string();
}

// "enter ctn1 . 10.0.0.1 and 2 more"
std::string doing(std::string_view verb, const std::vector<Entry>& entries) {
  std::string text(verb);
  if (!entries.empty()) {
    text += " " + text_of(entries.front());
  }
  if (entries.size() > 1) {
    text += " and " + std::to_string(entries.size() - 1) + " more";
  }
  return text;
}

base::Status check(const std::string& if_name) {
  if (if_name.empty() || if_name.size() >= kInterfaceField.size) {
    return base::Error(base::ErrorKind::kInternal,
                       "an interface name has 1 to 15 characters, not \"" + if_name + "\"");
  }
  return {};
}

Element element_of(const Entry& entry) {
  return {key_of_interface(entry.if_name) + key_of(entry.address), std::nullopt, std::nullopt};
}

using MakeChanges = std::vector<Change> (*)(const Set&, const std::vector<Element>&);

// For both families.
base::Result<std::vector<Change>> changes_of(MakeChanges make, const std::vector<Entry>& entries) {
  std::vector<Element> v4;
  std::vector<Element> v6;
  for (const Entry& entry : entries) {
    TRY(check(entry.if_name));
    (entry.address.is_v4() ? v4 : v6).push_back(element_of(entry));
  }
  std::vector<Change> changes = make(entered_set(base::Family::kIpv4), v4);
  for (Change& change : make(entered_set(base::Family::kIpv6), v6)) {
    changes.push_back(std::move(change));
  }
  return changes;
}

// The interface, filled up with NUL, and the address of an element's key.
Entry entry_of(base::Family family, const std::string& key) {
  return {key.substr(0, std::min<std::size_t>(key.find('\0'), kInterfaceField.size)),
          base::IpAddress::from_bytes(family, key.data() + kInterfaceField.size)};
}

base::Status with_advice(base::Status status) {
  if (!status.ok() && status.error().is(base::ErrorKind::kUnsupported)) {
    return std::move(status).error().advice(kAdvice);
  }
  return status;
}

}  // namespace

base::Result<std::vector<Change>> entering(const std::vector<Entry>& entries) {
  return changes_of(add_elements, entries);
}

base::Status close_guard(nl_sock* socket, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    TRY(check(entry.if_name));
    const Set set = entered_set(entry.address.family());
    const Element element = element_of(entry);
    for (const MakeChanges make : {expire_elements, delete_elements}) {
      const std::optional<FoundElement> found = TRY(find_element(socket, set, element.key));
      if (!found || found->expiring) {
        break;
      }
      Batch batch;
      batch.add(make(set, {element}));
      TRY(batch.commit(socket));
    }
  }
  return {};
}

base::Status Table::ensure_guard(const std::vector<Entry>& entries_to_add) {
  const std::vector<Change> entries = TRY(entering(entries_to_add));
  return with_advice(ensure_with(socket_.get(), guard_plan(), entries))
      .context(doing("ensure the guard and enter", entries_to_add));
}

base::Status Table::ensure_nic_guard(const std::string& if_name,
                                     const std::vector<Entry>& entries_to_add) {
  TRY(check(if_name));
  const std::vector<Change> entries = TRY(entering(entries_to_add));
  return with_advice(ensure_with(socket_.get(), nic_guard_plan(if_name), entries))
      .context(doing("ensure the guard of NIC " + if_name + " and enter", entries_to_add));
}

base::Status Table::enter(const std::vector<Entry>& entries) {
  Batch batch;
  batch.add(TRY(entering(entries)));
  return batch.commit(socket_.get()).context(doing("enter", entries));
}

// A batch that names an element that is not there is refused and undone, for which the kernel waits
// out an RCU grace period: so one looks first.
base::Result<std::vector<Entry>> Table::those_entered(const std::vector<Entry>& entries) {
  std::vector<Entry> entered;
  for (const Entry& entry : entries) {
    if (TRY(is_entered(entry))) {
      entered.push_back(entry);
    }
  }
  return entered;
}

base::Status Table::leave(const std::vector<Entry>& entries) {
  const std::vector<Entry> entered = TRY(those_entered(entries));
  base::ErrorList errors;
  for (std::size_t done = 0; done < entered.size(); done += kLeaveAtOnce) {
    const auto first = entered.begin() + static_cast<std::ptrdiff_t>(done);
    const std::vector<Entry> some(
        first, first + static_cast<std::ptrdiff_t>(std::min(kLeaveAtOnce, entered.size() - done)));
    Batch batch;
    batch.add(TRY(changes_of(delete_elements, some)));
    errors.add(batch.commit(socket_.get()).context(doing("leave", some)));
  }
  return errors.to_status();
}

base::Status Table::forget(const std::vector<Entry>& entries) {
  const std::vector<Entry> entered = TRY(those_entered(entries));
  Batch batch;
  batch.add(TRY(changes_of(expire_elements, entered)));
  return batch.commit(socket_.get()).context(doing("forget", entered));
}

base::Result<bool> Table::has_guard() { return is_in_place(socket_.get(), guard_plan()); }

base::Result<bool> Table::has_nic_guard(const std::string& if_name) {
  TRY(check(if_name));
  return is_in_place(socket_.get(), nic_guard_plan(if_name));
}

base::Result<bool> Table::is_entered(const Entry& entry) {
  TRY(check(entry.if_name));
  return has_element(socket_.get(), entered_set(entry.address.family()), element_of(entry).key);
}

base::Result<std::vector<Entry>> Table::entries() {
  std::vector<Entry> entries;
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    for (const FoundElement& found : TRY(settled_elements_in(socket_.get(), entered_set(family)))) {
      if (found.key.size() == kInterfaceField.size + address_field(family).size) {
        entries.push_back(entry_of(family, found.key));
      }
    }
  }
  return entries;
}

}  // namespace catena::firewall
