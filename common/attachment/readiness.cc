#include "common/attachment/readiness.h"

#include "common/attachment/add.h"

namespace catena::attachment {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using Stock = std::vector<ipam::EniStock>;

Result<std::optional<Stock>> stock_at_hand(const cni::Request& request, ipam::Store& store) {
  auto stock = store.stock(ipam::IfBusy::kFail);
  log_all(request, store.take_notices());
  if (stock.ok()) {
    return std::optional<Stock>(std::move(stock).value());
  }
  if (stock.error().is(ErrorKind::kTryAgain)) {
    return std::optional<Stock>();
  }
  return Error(stock.error()).as(ErrorKind::kNotAvailable);
}

Status firewall_is_ready(const std::optional<firewall::MarkSettings>& marks) {
  auto table = firewall::Table::open();
  if (!table.ok()) {
    return Error(table.error()).as(ErrorKind::kNotAvailable);
  }
  if (!marks.has_value()) {
    return {};
  }
  const auto in_place = table->has_marks(*marks);
  const Status possible = in_place.ok() && *in_place ? Status() : table->can_mark();
  return possible.ok() ? Status() : Status(Error(possible.error()).as(ErrorKind::kNotAvailable));
}

}  // namespace catena::attachment
