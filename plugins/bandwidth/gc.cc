// GC: limits, records and ifbs that no valid attachment owns any more.
#include <algorithm>
#include <set>

#include "common/base/error_list.h"
#include "plugins/bandwidth/bandwidth_plugin.h"
#include "plugins/bandwidth/settings.h"
#include "plugins/bandwidth/teardown.h"

namespace catena::bandwidth {
namespace {

using base::ErrorKind;
using base::Status;

// The ifbs' names of attachments that stay; nothing when the runtime gave no list.
std::optional<std::set<std::string>> valid_names(const cni::NetworkConfig& config) {
  if (!config.valid_attachments) {
    return std::nullopt;
  }
  std::set<std::string> names;
  for (const cni::Attachment& attachment : *config.valid_attachments) {
    names.insert(shaping::ifb_name(attachment.container_id, attachment.if_name));
  }
  return names;
}

bool is_gone(const std::string& netns) {
  const auto sandbox = netlink::NetNs::open(netns);
  return !sandbox.ok() &&
         (sandbox.error().is(ErrorKind::kNotFound) || sandbox.error().is(ErrorKind::kBadNetns));
}

// Without a list only what is provably dead: its namespace is gone.
bool is_garbage(const shaping::Record& record, const std::optional<std::set<std::string>>& valid) {
  const shaping::Shaped& shaped = record.shaped;
  return valid ? !valid->contains(shaping::ifb_name(shaped.container_id, shaped.if_name))
               : is_gone(record.netns);
}

// What has lost its record. Only with a list can it be told from a live pod's.
Status remove_stray_ifbs(const std::string& network, const std::set<std::string>& valid) {
  auto node = TRY(netlink::Socket::open());
  base::ErrorList failures;
  for (const netlink::Link& link : TRY(node.list_links())) {
    if (link.kind == "ifb" && link.name.starts_with(shaping::kIfbPrefix) &&
        link.alias.starts_with(shaping::ifb_alias_prefix(network)) && !valid.contains(link.name)) {
      failures.add(node.send(netlink::delete_link(link)));
    }
  }
  return failures.to_status();
}

}  // namespace

Status gc(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  const auto valid = valid_names(request.config);
  const shaping::Records records(settings.state_dir);
  std::vector<std::string> notices;
  const auto known = records.list(notices);
  std::ranges::for_each(notices, [&](const auto& notice) { request.log->warning(notice); });
  base::ErrorList failures;
  failures.add(known.ok() ? Status() : Status(known.error()));
  for (const shaping::Record& record : known.ok() ? *known : std::vector<shaping::Record>()) {
    if (record.shaped.network == request.config.name && is_garbage(record, valid)) {
      failures.add(tear_down(records, record));
    }
  }
  failures.add(valid ? remove_stray_ifbs(request.config.name, *valid) : Status());
  return failures.to_status();
}

}  // namespace catena::bandwidth
