#include "common/attachment/result.h"
#include "common/podlink/names.h"
#include "plugins/policy/policy_plugin.h"
#include "plugins/policy/settings.h"
#include "plugins/policy/teardown.h"

namespace catena::policy {
namespace {

using netpol::Record;

// What can be told without a record: what is not there need not be known.
Record remembered(const cni::Request& request) {
  const cni::Attachment& pod = request.args.attachment;
  Record record;
  record.container_id = pod.container_id;
  record.if_name = pod.if_name;
  record.host_link = podlink::host_link_name(pod);
  record.own_nic = true;  // so that its namespace is looked into
  record.addresses = attachment::addresses_in(request.config.prev_result, pod);
  return record;
}

}  // namespace

base::Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  const netpol::Records records(settings.state_dir);
  const cni::Attachment& pod = request.args.attachment;
  const auto found = records.find(pod.container_id, pod.if_name);
  if (!found.ok()) {
    request.log->warning(found.error().text());
  }
  const bool is_known = found.ok() && found->has_value();
  Record record = is_known ? **found : remembered(request);
  if (!request.args.netns.empty()) {
    record.netns = request.args.netns;
  }
  return tear_down(records, record);
}

}  // namespace catena::policy
