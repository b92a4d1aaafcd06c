#include "common/attachment/collect.h"

#include <algorithm>
#include <set>

#include "common/attachment/add.h"
#include "common/base/error_list.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"

namespace catena::attachment {
namespace {

using base::ErrorKind;
using base::Result;
using base::Status;

cni::Attachment attachment_of(const ipam::Record& record) {
  return {record.owner.container_id, record.owner.if_name};
}

bool is_owned(const ipam::Record& record) {
  return record.state == ipam::State::kBound || record.state == ipam::State::kReserved;
}

// What the store held when the collection began.
struct Known {
  std::vector<ipam::Record> records;
  std::set<std::string> owned;  // host links of those that stay
};

// Without a list of valid attachments only what is provably dead goes: the sandbox is gone and so
// is the link that led to it.
Result<bool> is_dead(netlink::Socket& node, const ipam::Record& record) {
  const auto sandbox = netlink::NetNs::open(record.owner.netns);
  if (sandbox.ok() ||
      !(sandbox.error().is(ErrorKind::kNotFound) || sandbox.error().is(ErrorKind::kBadNetns))) {
    return false;
  }
  const auto link = node.find_link(podlink::host_link_name(attachment_of(record)));
  if (!link.ok() && !link.error().is(ErrorKind::kNotFound)) {
    return link.error();
  }
  return !link.ok();
}

Result<bool> is_garbage(netlink::Socket& node, const cni::NetworkConfig& config,
                        const ipam::Record& record) {
  if (!is_owned(record) || record.owner.network != config.name) {
    return false;
  }
  if (!config.valid_attachments) {
    return is_dead(node, record);
  }
  return std::ranges::find(*config.valid_attachments, attachment_of(record)) ==
         config.valid_attachments->end();
}

// Links of this network that the store has no owner for, known by our routes to its addresses: what
// a store that was lost leaves. Only with a list of valid attachments can they be told from live
// pods'.
Status remove_unowned_links(netlink::Socket& node, const CollectPlan& plan,
                            const cni::NetworkConfig& config, const Known& known) {
  if (!config.valid_attachments) {
    return {};
  }
  std::set<std::string> kept = known.owned;
  for (const cni::Attachment& attachment : *config.valid_attachments) {
    kept.insert(podlink::host_link_name(attachment));
  }
  base::ErrorList failures;
  for (const netlink::Route& route : TRY(node.list_routes(plan.table))) {
    if (route.protocol != netlink::kProtocol ||
        !plan.may_be_ours(route.destination.address(), known.records)) {
      continue;
    }
    const auto link = node.find_link(route.if_index);
    if (link.ok() && link->name.starts_with(podlink::kHostLinkPrefix) &&
        !kept.contains(link->name)) {
      failures.add(node.send(netlink::delete_link(*link)));
    }
  }
  return failures.to_status();
}

// Nothing where the kernel has no nf_tables or nobody made the table yet.
Result<std::vector<firewall::Entry>> guard_entries() {
  using Entries = std::vector<firewall::Entry>;
  auto table = firewall::Table::open();
  Result<Entries> entries = table.ok() ? table->entries() : Result<Entries>(table.error());
  if (!entries.ok() &&
      (entries.error().is(ErrorKind::kUnsupported) || entries.error().is(ErrorKind::kNotFound))) {
    return Entries();
  }
  return entries;
}

// Entries of the guard whose interface is gone: no packet can match them, but they should not pile
// up. `entries` were read before the store was, so the owner of each, if there is one, is in
// `owned`.
Status remove_stale_entries(netlink::Socket& node, const std::vector<firewall::Entry>& entries,
                            const std::set<std::string>& owned) {
  std::vector<firewall::Entry> stale;
  for (const firewall::Entry& entry : entries) {
    const auto link = node.find_link(entry.if_name);
    if (!link.ok() && link.error().is(ErrorKind::kNotFound) && !owned.contains(entry.if_name)) {
      stale.push_back(entry);
    }
  }
  if (stale.empty()) {
    return {};
  }
  auto table = TRY(firewall::Table::open());
  return table.leave(stale);
}

// A quarantined address that the kernel no longer knows of may be used again.
Status end_quarantines(netlink::Socket& node, ipam::Store& store,
                       const std::vector<ipam::Record>& records) {
  base::ErrorList failures;
  for (const ipam::Record& record : records) {
    if (record.state != ipam::State::kQuarantined || record.note != ipam::kInUseNote) {
      continue;
    }
    const Result<bool> known = known_to_kernel(node)(record.address);
    const bool unknown_to_kernel = known.ok() && !*known;
    if (unknown_to_kernel) {
      failures.add(store.end_quarantine(record.address));
    }
  }
  return failures.to_status();
}

}  // namespace

Status collect(const cni::Request& request, const CollectPlan& plan) {
  ipam::Store& store = *plan.teardown.store;
  auto node = TRY(netlink::Socket::open());
  const auto entries = guard_entries();
  auto records = store.list();
  std::vector<std::string> notices = store.take_notices();
  if (!records.ok()) {
    return std::move(records).error();
  }
  base::ErrorList failures;
  Known known{.records = std::move(records).value(), .owned = {}};
  for (const ipam::Record& record : known.records) {
    const Result<bool> garbage = is_garbage(node, request.config, record);
    if (!garbage.ok()) {
      failures.add(garbage.error());
    } else if (*garbage) {
      const Teardown what{.attachment = attachment_of(record), .netns = record.owner.netns};
      failures.add(tear_down(plan.teardown, what, notices));
    } else if (is_owned(record)) {
      known.owned.insert(podlink::host_link_name(attachment_of(record)));
    }
  }
  failures.add(remove_unowned_links(node, plan, request.config, known));
  failures.add(entries.ok() ? remove_stale_entries(node, *entries, known.owned)
                            : Status(entries.error()));
  failures.add(end_quarantines(node, store, known.records));
  log_all(request, notices);
  return failures.to_status();
}

}  // namespace catena::attachment
