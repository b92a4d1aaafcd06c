// STATUS: whether an ADD now could succeed, from the store and the kernel alone.
#include <algorithm>

#include "common/ask/duty.h"
#include "common/attachment/readiness.h"
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
  const auto stock = TRY(attachment::stock_at_hand(request, store));
  if (!stock.has_value()) {
    return {};
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
  return attachment::firewall_is_ready(
      needs_marks ? std::optional<firewall::MarkSettings>(settings.marks) : std::nullopt);
}

}  // namespace

Status status(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  TRY(addresses_can_be_had(request, settings));
  TRY(firewall_works(settings));
  return attachment::forwarding_is_as_wanted(settings);
}

}  // namespace catena::multiip
