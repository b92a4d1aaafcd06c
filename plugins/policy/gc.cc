// GC: records of this network that no valid attachment owns any more, with all that they had.
#include <algorithm>
#include <iterator>
#include <set>

#include "common/base/error_list.h"
#include "common/netlink/netns.h"
#include "plugins/policy/pod.h"
#include "plugins/policy/policy_plugin.h"
#include "plugins/policy/settings.h"
#include "plugins/policy/teardown.h"

namespace catena::policy {
namespace {

using base::ErrorKind;
using base::Status;
using netpol::Record;

bool has_no_namespace(const Record& record) {
  const auto sandbox = netlink::NetNs::open(record.netns);
  return !sandbox.ok() && is_gone(sandbox.error());
}

// Without a list only what is provably dead: its namespace is gone.
bool is_garbage(const Record& record, const cni::NetworkConfig& config) {
  if (record.network != config.name) {
    return false;
  }
  if (!config.valid_attachments) {
    return has_no_namespace(record);
  }
  const cni::Attachment attachment{record.container_id, record.if_name};
  return std::ranges::find(*config.valid_attachments, attachment) ==
         config.valid_attachments->end();
}

// Rules that have lost their record, of whatever network: whoever adds a pod writes its record
// first, so `in_kernel` must have been read before the records were.
Status remove_strays(const std::vector<std::string>& in_kernel,
                     const std::set<std::string>& known) {
  std::set<std::string> strays;
  std::ranges::set_difference(in_kernel, known, std::inserter(strays, strays.end()));
  if (strays.empty()) {
    return {};
  }
  auto policies = TRY(firewall::Policies::open(firewall::Place::kNode));
  return policies.sync({}, {}, [&strays](const std::string& id) { return !strays.contains(id); });
}

// None where the kernel has no nf_tables.
base::Result<std::vector<std::string>> subjects_in_kernel() {
  auto policies = firewall::Policies::open(firewall::Place::kNode);
  if (!policies.ok()) {
    return policies.error().is(ErrorKind::kUnsupported)
               ? base::Result<std::vector<std::string>>(std::vector<std::string>())
               : base::Result<std::vector<std::string>>(policies.error());
  }
  return policies->subjects();
}

}  // namespace

Status gc(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  const netpol::Records records(settings.state_dir);
  const auto in_kernel = subjects_in_kernel();
  std::vector<std::string> notices;
  const auto known = records.list(notices);
  std::ranges::for_each(notices, [&](const auto& notice) { request.log->warning(notice); });
  if (!known.ok()) {
    return known.error();
  }
  base::ErrorList failures;
  std::set<std::string> ids;
  for (const Record& record : *known) {
    ids.insert(record.id());
    failures.add(is_garbage(record, request.config) ? tear_down(records, record) : Status());
  }
  // A record that can't be read may be that of any of them.
  if (in_kernel.ok() && notices.empty()) {
    failures.add(remove_strays(*in_kernel, ids));
  } else if (!in_kernel.ok()) {
    failures.add(in_kernel.error());
  }
  return failures.to_status();
}

}  // namespace catena::policy
