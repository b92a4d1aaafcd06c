// STATUS: whether an ADD now could succeed, from the store and the kernel alone.
#include <algorithm>

#include "common/ask/duty.h"
#include "common/attachment/add.h"
#include "common/firewall/table.h"
#include "plugins/multiip/multiip_plugin.h"
#include "plugins/multiip/settings.h"

namespace catena::multiip {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

bool has_addresses(const ipam::EniStock& stock, const Settings& settings) {
  return stock.serves() && std::ranges::all_of(settings.families, [&stock](base::Family family) {
           return stock.of(family).free != 0;
         });
}

Status addresses_can_be_had(const cni::Request& request, const Settings& settings) {
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
      *stock, [&settings](const ipam::EniStock& one) { return has_addresses(one, settings); });
  if (any || ask::can_ask(request.args.path)) {
    return {};
  }
  return Error(ErrorKind::kNotAvailable,
               "no address of an ENI is free, and there is no agent to make the pool grow")
      .advice("install catena-agent beside the plugins, or delete pods");
}

Status firewall_works(const Settings& settings) {
  const bool needs_marks = settings.routing == enilink::WantedShape::kMarks;
  if (!needs_marks && !settings.firewall(enilink::Shape::kRules).needed()) {
    return {};
  }
  auto table = firewall::Table::open();
  if (!table.ok()) {
    return Error(table.error()).as(ErrorKind::kNotAvailable);
  }
  const auto in_place = table->has_marks(settings.marks);
  if (!needs_marks || (in_place.ok() && *in_place)) {
    return {};
  }
  const Status possible = table->can_mark();
  return possible.ok() ? Status() : Status(Error(possible.error()).as(ErrorKind::kNotAvailable));
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  TRY(addresses_can_be_had(request, settings));
  TRY(firewall_works(settings));
  return attachment::forwarding_is_as_wanted(settings);
}

}  // namespace catena::multiip
