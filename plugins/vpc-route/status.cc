// STATUS: whether an ADD now could succeed, from the store and the kernel alone.
#include "common/attachment/add.h"
#include "common/firewall/table.h"
#include "plugins/vpc-route/settings.h"
#include "plugins/vpc-route/vpc_route_plugin.h"

namespace catena::vpc_route {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

Status addresses_are_left(const cni::Request& request, const Settings& settings) {
  ipam::Store store = settings.open_store();
  for (const ipam::RangeSet& set : settings.sets) {
    const auto available = store.available(set);
    attachment::log_all(request, store.take_notices());
    if (!available.ok() && available.error().is(ErrorKind::kTryAgain)) {
      return {};  // the store is busy at this moment, which is no reason to call the node unready
    }
    if (!available.ok()) {
      return Error(available.error()).as(ErrorKind::kNotAvailable);
    }
    if (*available == 0) {
      return Error(ErrorKind::kNotAvailable, "no address is available in " + set.front().key())
          .advice("delete pods, wait for freed addresses to cool, or enlarge the range");
    }
  }
  return {};
}

Status firewall_works(const Settings& settings) {
  if (!settings.firewall().needed()) {
    return {};
  }
  const auto table = firewall::Table::open();
  return table.ok() ? Status() : Status(Error(table.error()).as(ErrorKind::kNotAvailable));
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  TRY(addresses_are_left(request, settings));
  TRY(firewall_works(settings));
  return attachment::forwarding_is_as_wanted(settings);
}

}  // namespace catena::vpc_route
