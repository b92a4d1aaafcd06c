#include "common/base/rollback.h"
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

shaping::Record record_of(const cni::Request& request, const Settings& settings,
                          const shaping::Rates& rates) {
  const cni::PodName& pod = request.args.pod;
  return {.shaped = shaped_of(request, settings),
          .netns = request.args.netns,
          .pod_namespace = pod.name_space,
          .pod_name = pod.name,
          .pod_uid = pod.uid,
          .fixed = settings.rates.has_value(),
          .rates = rates};
}

// Without a record the pod's limits don't follow its annotations; they hold nevertheless.
void note(const cni::Request& request, const Settings& settings, const shaping::Record& record) {
  const Status written = shaping::Records(settings.state_dir).write(record);
  if (!written.ok()) {
    request.log->warning("note the pod's limits: " + written.error().text());
  }
}

Result<bool> was_limited(const cni::Request& request, const Settings& settings) {
  const cni::Attachment& pod = request.args.attachment;
  const auto before = shaping::Records(settings.state_dir).find(pod.container_id, pod.if_name);
  if (!before.ok() && before.error().is(ErrorKind::kUndecodable)) {
    return true;
  }
  if (!before.ok()) {
    request.log->warning(before.error().text());
    return false;
  }
  return before->has_value() && !(*before)->rates.limits_nothing();
}

// The ifb that a pod's limits need, where they do.
void append_ifb(cni::AddResult& result, Sockets& sockets, const shaping::Record& record) {
  const shaping::Shaped& shaped = record.shaped;
  const std::string name = shaping::ifb_name(shaped.container_id, shaped.if_name);
  for (auto* socket : {&sockets.node, &sockets.pod}) {
    const auto ifb = socket->find_link(name);
    if (ifb.ok()) {
      cni::Interface link;
      link.name = name;
      link.mac = ifb->mac.to_string();
      link.mtu = ifb->mtu;
      link.sandbox = socket == &sockets.pod ? record.netns : "";
      result.interfaces.push_back(std::move(link));
    }
  }
}

bool needs_ifb(const shaping::Record& record) {
  for (const shaping::Pipe& pipe : record.shaped.pipes) {
    const bool by_ifb = pipe.host_link.empty()
                            ? record.rates.ingress.rate_bits != 0
                            : record.shaped.egress_from == shaping::EgressFrom::kHost &&
                                  record.rates.egress.rate_bits != 0;
    if (by_ifb) {
      return true;
    }
  }
  return false;
}

Error interface_error(Error error) {
  error = std::move(error).context("the interface that is to be limited");
  // It is the chain that is not as it should be.
  return error.is(ErrorKind::kDiffers) ? std::move(error).as(ErrorKind::kBadConfig) : error;
}

Result<cni::AddResult> add_limits(const cni::Request& request, const Settings& settings,
                                  shaping::Record record) {
  Sockets sockets = TRY(open_sockets(request.args.netns));
  auto ends =
      shaping::find_ends(sockets.node, sockets.pod, record.shaped.if_name, host_links_in(request));
  if (!ends.ok()) {
    return interface_error(std::move(ends).error());
  }
  record.shaped.pipes = shaping::pipes_of(*ends);
  base::Rollback undo;
  undo.push([&] {
    const shaping::Records records(settings.state_dir);
    (void)records.remove(record.shaped.container_id, record.shaped.if_name).ok();
    const Status undone = shaping::remove(sockets.node, &sockets.pod, record.shaped);
    if (!undone.ok()) {
      request.log->warning("undo a failed ADD: " + undone.error().text());
    }
  });
  // Before the kernel is changed: whoever is killed leaves what DEL and GC find.
  note(request, settings, record);
  TRY(shaping::shape(sockets.node, sockets.pod, record.shaped, *ends, record.rates));
  undo.commit();
  cni::AddResult result = *request.config.prev_result;
  if (needs_ifb(record)) {
    append_ifb(result, sockets, record);
  }
  return result;
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (!request.config.prev_result) {
    return Error(ErrorKind::kBadConfig, "prevResult: there is none")
        .advice("put catena-bandwidth behind the plugin that makes the pod's interface");
  }
  const shaping::Rates rates = TRY(wanted_rates(request, settings, AskAgent::kWhereToldNothing));
  shaping::Record record = record_of(request, settings, rates);
  if (!rates.limits_nothing() || TRY(was_limited(request, settings))) {
    return add_limits(request, settings, std::move(record));
  }
  if (!record.fixed && !record.pod_name.empty()) {
    note(request, settings, record);
  }
  return *request.config.prev_result;
}

}  // namespace catena::bandwidth
