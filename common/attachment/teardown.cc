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
  Entries(const TeardownPlan& plan, const Teardown& what, std::vector<IpAddress> recorded)
      : plan_(plan), entries_(entries_of(what, recorded)), recorded_(std::move(recorded)) {}

  Status forget(netlink::Socket& node) {
    if (entries_.empty()) {
      return {};
    }
    table_ = TRY(open_table());
    base::ErrorList failures;
    if (table_.has_value()) {
      failures.add(table_->forget(entries_));
      failures.add(plan_.firewall.masquerade
                       ? table_->forget_masquerade(recorded_, plan_.firewall.kept)
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
                       ? table_->stop_masquerade(recorded_, plan_.firewall.kept)
                       : Status());
    }
    failures.add(run(plan_.remove, node));
    return failures.to_status();
  }

 private:
  Status run(const RemoveStep& step, netlink::Socket& node) {
    firewall::Table* table = table_.has_value() ? &*table_ : nullptr;
    return step && !recorded_.empty() ? step(node, table, recorded_) : Status();
  }

  const TeardownPlan& plan_;
  std::vector<firewall::Entry> entries_;
  std::vector<IpAddress> recorded_;
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

Status remove_from_node(const TeardownPlan& plan, const Teardown& what,
                        const std::vector<IpAddress>& recorded) {
  auto node = TRY(netlink::Socket::open());
  base::ErrorList failures;
  Entries entries(plan, what, recorded);
  failures.add(entries.forget(node));
  failures.add(podlink::remove_link(node, what.attachment));
  failures.add(entries.leave(node));
  return failures.to_status();
}

}  // namespace

Status tear_down(const TeardownPlan& plan, const Teardown& what,
                 std::vector<std::string>& notices) {
  base::ErrorList failures;
  std::vector<IpAddress> recorded;
  if (auto held = plan.store->find(what.attachment.container_id, what.attachment.if_name);
      held.ok()) {
    std::ranges::transform(*held, std::back_inserter(recorded), &ipam::Record::address);
  } else {
    failures.add(std::move(held).error());
  }
  failures.add(remove_from_node(plan, what, recorded));
  failures.add(remove_sandbox_rules(what.netns, recorded));
  if (failures.empty()) {
    const auto released =
        plan.store->release(what.attachment.container_id, what.attachment.if_name);
    failures.add(released.ok() ? Status() : Status(released.error()));
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
