// CHECK: compares the kernel's queues with what ADD, or the agent since, made of them.
#include "common/base/text.h"
#include "common/shaping/record.h"
#include "plugins/bandwidth/bandwidth_plugin.h"
#include "plugins/bandwidth/pod.h"
#include "plugins/bandwidth/settings.h"
#include "plugins/bandwidth/wanted.h"

namespace catena::bandwidth {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

// Of the record, since the agent may have changed them; what the runtime says where there is none.
Result<shaping::Rates> expected_rates(const cni::Request& request, const Settings& settings) {
  const cni::Attachment& pod = request.args.attachment;
  const auto record = shaping::Records(settings.state_dir).find(pod.container_id, pod.if_name);
  if (record.ok() && record->has_value()) {
    return (*record)->rates;
  }
  if (!record.ok()) {
    request.log->warning(record.error().text());
  }
  return wanted_rates(request, settings, AskAgent::kNo);
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const shaping::Rates rates = TRY(expected_rates(request, settings));
  Sockets sockets = TRY(open_sockets(request.args.netns));
  shaping::Shaped shaped = shaped_of(request, settings);
  const auto pipes =
      shaping::find_pipes(sockets.node, sockets.pod, shaped.if_name, host_links_in(request));
  if (!pipes.ok()) {
    return Error(pipes.error()).as(ErrorKind::kDiffers);
  }
  shaped.pipes = *pipes;
  const auto found = TRY(shaping::differences(sockets.node, sockets.pod, shaped, rates));
  if (found.empty()) {
    return {};
  }
  return Error(ErrorKind::kDiffers, base::join(found, "; "))
      .advice("the pod's limits are not as ADD made them: delete the pod to have them made anew");
}

}  // namespace catena::bandwidth
