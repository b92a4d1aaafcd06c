#include "common/attachment/teardown.h"

#include <algorithm>
#include <optional>

#include "common/attachment/add.h"
#include "common/attachment/result.h"
#include "common/base/error_list.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"

namespace catena::attachment {
namespace {

using base::IpAddress;
using base::Result;
using base::Status;

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

// Entries are forgotten while the link is still there and left once it is gone (firewall::Table
// says why). What the pod was masqueraded by, and what else the plugin keeps by address, is known
// by its record alone: a remembered address may have got another owner since.
class Entries {
 public:
  Entries(const TeardownPlan& plan, const Teardown& what, const Held& held)
      : plan_(plan), entries_(entries_of(what, held.addresses)), held_(held) {}

  Status forget(netlink::Socket& node) {
    if (entries_.empty()) {
      return {};
    }
    table_ = TRY(open_table());
    base::ErrorList failures;
    if (table_.has_value()) {
      failures.add(table_->forget(entries_));
      failures.add(plan_.firewall.masquerade
                       ? table_->forget_masquerade(held_.addresses, plan_.firewall.kept)
                       : Status());
    }
    failures.add(run(plan_.forget, node));
    return failures.to_status();
  }

  Status leave(netlink::Socket& node) {
    base::ErrorList failures;
    if (table_.has_value()) {
      failures.add(table_->leave(entries_));
      failures.add(plan_.firewall.masquerade
                       ? table_->stop_masquerade(held_.addresses, plan_.firewall.kept)
                       : Status());
    }
    failures.add(run(plan_.remove, node));
    return failures.to_status();
  }

 private:
  Status run(const RemoveStep& step, netlink::Socket& node) {
    firewall::Table* table = table_.has_value() ? &*table_ : nullptr;
    return step && !held_.addresses.empty() ? step(node, table, held_) : Status();
  }

  const TeardownPlan& plan_;
  std::vector<firewall::Entry> entries_;
  const Held& held_;
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

Status remove_from_node(const TeardownPlan& plan, const Teardown& what, const Held& held) {
  auto node = TRY(netlink::Socket::open());
  base::ErrorList failures;
  Entries entries(plan, what, held);
  failures.add(entries.forget(node));
  failures.add(podlink::remove_link(node, what.attachment));
  failures.add(entries.leave(node));
  return failures.to_status();
}

Result<Held> held_by(ipam::Store& store, const Teardown& what) {
  const cni::Attachment& pod = what.attachment;
  Held held{.attachment = pod, .netns = what.netns, .addresses = {}, .eni = std::nullopt};
  const auto records = TRY(store.find(pod.container_id, pod.if_name));
  std::ranges::transform(records, std::back_inserter(held.addresses), &ipam::Record::address);
  if (!records.empty()) {
    held.netns = what.netns.empty() ? records.front().owner.netns : what.netns;
    held.eni = TRY(store.eni_of(pod.container_id, pod.if_name));
  }
  return held;
}

bool is_exclusive(const Held& held) {
  return held.eni.has_value() && held.eni->mode == ipam::kExclusiveMode;
}

// Whether another plugin of the chain serves the pod.
bool is_anothers(const TeardownPlan& plan, const Held& held) {
  return plan.exclusive != is_exclusive(held) && (plan.exclusive || !held.addresses.empty());
}

Status release(const TeardownPlan& plan, const cni::Attachment& pod) {
  const auto released = plan.exclusive ? plan.store->release_eni(pod.container_id, pod.if_name)
                                       : plan.store->release(pod.container_id, pod.if_name);
  return released.ok() ? Status() : Status(released.error());
}

}  // namespace

Status tear_down(const TeardownPlan& plan, const Teardown& what,
                 std::vector<std::string>& notices) {
  base::ErrorList failures;
  Held held{.attachment = what.attachment, .netns = what.netns, .addresses = {}, .eni = {}};
  if (auto found = held_by(*plan.store, what); found.ok()) {
    held = std::move(found).value();
  } else {
    failures.add(std::move(found).error());
  }
  if (failures.empty() && is_anothers(plan, held)) {
    return {};
  }
  failures.add(remove_from_node(plan, what, held));
  failures.add(remove_sandbox_rules(what.netns, held.addresses));
  if (failures.empty()) {
    failures.add(release(plan, what.attachment));
  }
  std::ranges::move(plan.store->take_notices(), std::back_inserter(notices));
  return failures.to_status();
}

Status del(const cni::Request& request, const TeardownPlan& plan) {
  std::vector<std::string> notices;
  const cni::Attachment& pod = request.args.attachment;
  const Teardown what{.attachment = pod,
                      .netns = request.args.netns,
                      .remembered = addresses_in(request.config.prev_result, pod)};
  Status done = tear_down(plan, what, notices);
  log_all(request, notices);
  return done;
}

void undo_add(const cni::Request& request, const TeardownPlan& plan) {
  std::vector<std::string> notices;
  const Teardown what{.attachment = request.args.attachment, .netns = request.args.netns};
  if (const Status undone = tear_down(plan, what, notices); !undone.ok()) {
    notices.push_back("undo a failed ADD: " + undone.error().text());
  }
  log_all(request, notices);
}

}  // namespace catena::attachment
