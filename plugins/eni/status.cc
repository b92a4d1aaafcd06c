// STATUS: whether an ADD now could succeed, from the store and the kernel alone.
#include <algorithm>

#include "common/ask/duty.h"
#include "common/attachment/readiness.h"
#include "plugins/eni/eni_plugin.h"
#include "plugins/eni/settings.h"

namespace catena::eni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

// With "requested" most pods need none, and must start.
Status an_eni_can_be_had(const cni::Request& request, const Settings& settings) {
  ipam::Store store = settings.open_store();
  const auto stock = TRY(attachment::stock_at_hand(request, store));
  if (!stock.has_value()) {
    return {};
  }
  const bool any = std::ranges::any_of(
      *stock, [&settings](const ipam::EniStock& one) { return one.is_idle(settings.families); });
  if (any || settings.when == When::kRequested || ask::can_ask(request.args.path)) {
    return {};
  }
  return Error(ErrorKind::kNotAvailable,
               "no ENI is free, and there is no agent to attach another one")
      .advice("install catena-agent beside the plugins, or delete pods");
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  TRY(an_eni_can_be_had(request, settings));
  if (!settings.host_peer) {
    return {};
  }
  TRY(attachment::firewall_is_ready(settings.marks));
  return attachment::forwarding_is_as_wanted(settings);
}

}  // namespace catena::eni
