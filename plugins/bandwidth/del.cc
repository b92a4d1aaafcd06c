#include "plugins/bandwidth/bandwidth_plugin.h"
#include "plugins/bandwidth/settings.h"
#include "plugins/bandwidth/teardown.h"

namespace catena::bandwidth {

base::Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  const shaping::Records records(settings.state_dir);
  const cni::Attachment& pod = request.args.attachment;
  shaping::Record record;
  if (auto found = records.find(pod.container_id, pod.if_name); !found.ok()) {
    request.log->warning(found.error().text());
  } else if (found->has_value()) {
    record = **std::move(found);
  }
  record.shaped.network = request.config.name;
  record.shaped.container_id = pod.container_id;
  record.shaped.if_name = pod.if_name;
  record.netns = request.args.netns;
  return tear_down(records, std::move(record));
}

}  // namespace catena::bandwidth
