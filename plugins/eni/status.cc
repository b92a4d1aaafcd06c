// STATUS: whether an ADD now could succeed, from the store and the kernel alone.
#include <algorithm>

#include "common/ask/duty.h"
#include "common/attachment/add.h"
#include "common/firewall/table.h"
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
  const auto stock = store.stock(ipam::IfBusy::kFail);
  attachment::log_all(request, store.take_notices());
  if (!stock.ok() && stock.error().is(ErrorKind::kTryAgain)) {
    return {};  // the store is busy at this moment, which is no reason to call the node unready
  }
  if (!stock.ok()) {
    return Error(stock.error()).as(ErrorKind::kNotAvailable);
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

Status firewall_works(const Settings& settings) {
  if (!settings.host_peer) {
    return {};
  }
  auto table = firewall::Table::open();
  if (!table.ok()) {
    return Error(table.error()).as(ErrorKind::kNotAvailable);
  }
  const auto in_place = table->has_marks(settings.marks);
  const Status possible = in_place.ok() && *in_place ? Status() : table->can_mark();
  return possible.ok() ? Status() : Status(Error(possible.error()).as(ErrorKind::kNotAvailable));
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  TRY(an_eni_can_be_had(request, settings));
  TRY(firewall_works(settings));
  return settings.host_peer ? attachment::forwarding_is_as_wanted(settings) : Status();
}

}  // namespace catena::eni
