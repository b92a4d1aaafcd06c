#include "plugins/vpc-route/teardown.h"

#include <algorithm>
#include <optional>

#include "common/base/error_list.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"

namespace catena::vpc_route {
namespace {

using base::ErrorKind;
using base::IpAddress;
using base::Status;

Status remove_link(const cni::Attachment& attachment) {
  auto node = TRY(netlink::Socket::open());
  return podlink::remove_link(node, attachment);
}

std::vector<firewall::Entry> entries_of(const Teardown& what,
                                        const std::vector<IpAddress>& recorded) {
  std::vector<firewall::Entry> entries;
  for (const auto& addresses : {recorded, what.remembered}) {
    for (const IpAddress& address : addresses) {
      entries.push_back({podlink::host_link_name(what.attachment), address});
    }
  }
  return entries;
}

// Nothing on a kernel without nf_tables, which holds no entry to remove.
base::Result<std::optional<firewall::Table>> open_table() {
  base::Result<firewall::Table> table = firewall::Table::open();
  if (table.ok()) {
    return std::optional<firewall::Table>(std::move(table).value());
  }
  if (table.error().is(ErrorKind::kUnsupported)) {
    return std::optional<firewall::Table>();
  }
  return std::move(table).error();
}

// Entries are forgotten while the link is still there and left once it is gone (firewall::Table
// says why). What the pod was masqueraded by is known by its record alone: a remembered address may
// have got another owner since.
class FirewallEntries {
 public:
  FirewallEntries(const Settings& settings, const Teardown& what, std::vector<IpAddress> recorded)
      : entries_(entries_of(what, recorded)),
        masqueraded_(settings.masquerade ? std::move(recorded) : std::vector<IpAddress>()),
        kept_(settings.kept_networks()) {}

  Status forget() {
    if (entries_.empty()) {
      return {};
    }
    table_ = TRY(open_table());
    base::ErrorList failures;
    if (table_) {
      failures.add(table_->forget(entries_));
      failures.add(table_->forget_masquerade(masqueraded_, kept_));
    }
    return failures.to_status();
  }

  Status leave() {
    base::ErrorList failures;
    if (table_) {
      failures.add(table_->leave(entries_));
      failures.add(table_->stop_masquerade(masqueraded_, kept_));
    }
    return failures.to_status();
  }

 private:
  std::vector<firewall::Entry> entries_;
  std::vector<IpAddress> masqueraded_;
  std::vector<base::Prefix> kept_;
  std::optional<firewall::Table> table_;
};

Status remove_sandbox_rules(const std::string& netns, const std::vector<IpAddress>& addresses) {
  if (netns.empty() || addresses.empty()) {
    return {};
  }
  const auto sandbox = netlink::NetNs::open(netns);
  if (!sandbox.ok()) {
    // A sandbox that is gone, or a path that became something else, holds no rule of ours.
    return {};
  }
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  return podlink::remove_source_rules(pod, addresses);
}

}  // namespace

Status tear_down(const Settings& settings, const Teardown& what,
                 std::vector<std::string>& notices) {
  base::ErrorList failures;
  ipam::Store store = settings.open_store();
  std::vector<IpAddress> recorded;
  if (auto held = store.find(what.attachment.container_id, what.attachment.if_name); held.ok()) {
    std::ranges::transform(*held, std::back_inserter(recorded), &ipam::Record::address);
  } else {
    failures.add(std::move(held).error());
  }
  FirewallEntries firewall(settings, what, recorded);
  failures.add(firewall.forget());
  failures.add(remove_link(what.attachment));
  failures.add(firewall.leave());
  failures.add(remove_sandbox_rules(what.netns, recorded));
  if (failures.empty()) {
    const auto released = store.release(what.attachment.container_id, what.attachment.if_name);
    failures.add(released.ok() ? Status() : Status(released.error()));
  }
  std::ranges::move(store.take_notices(), std::back_inserter(notices));
  return failures.to_status();
}

}  // namespace catena::vpc_route
