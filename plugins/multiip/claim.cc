#include "plugins/multiip/claim.h"

#include <algorithm>

#include "common/attachment/add.h"
#include "common/attachment/grow.h"
#include "plugins/multiip/source_routing.h"

namespace catena::multiip {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using ipam::EniAttachment;

// A link that is plugged in comes within a second; one that is gone must not cost each pod more.
constexpr std::chrono::milliseconds kLinkPatience{3'000};

attachment::Growth growth_for(const Settings& settings) {
  const bool dual = settings.families.size() > 1;
  return {.duty = "pool.grow",
          .state_dir = settings.state_dir,
          .eni_conf = settings.eni_conf,
          .families = settings.families,
          .patience = settings.grow_timeout,
          .queue = "",
          .failed = "no address of an ENI is free, and the pool can't grow",
          .missing = dual ? "free address of each family on one ENI" : "free address"};
}

}  // namespace

Result<Placed> place(const cni::Request& request, const Settings& settings,
                     const enilink::Kernel& kernel, const enilink::Routing& routing) {
  ipam::Store store = settings.open_store();
  ipam::EniClaim claim = attachment::claim_for(request, settings.families);
  std::optional<EniAttachment> found;
  const auto try_claim = [&]() -> Result<bool> {
    auto claimed = store.claim_from_enis(claim, attachment::known_to_kernel(*kernel.routes));
    attachment::log_all(request, store.take_notices());
    if (!claimed.ok()) {
      return std::move(claimed).error();
    }
    found = std::move(claimed).value();
    return found.has_value();
  };
  std::string why_passed_over;
  while (true) {
    if (!TRY(try_claim())) {
      const Status grown = attachment::claim_when_grown(request, growth_for(settings), try_claim);
      if (!grown.ok()) {
        return Error(grown.error()).append(why_passed_over);
      }
    }
    const auto link =
        enilink::ensure_eni(kernel, host_eni(found->eni, settings), routing, kLinkPatience);
    if (link.ok()) {
      Placed placed{.eni = std::move(found->eni), .link = *link, .addresses = {}};
      std::ranges::transform(found->records, std::back_inserter(placed.addresses),
                             &ipam::Record::address);
      return placed;
    }
    if (!link.error().is(ErrorKind::kNotFound)) {
      return Error(link.error()).context(found->eni.id);
    }
    const std::string why = found->eni.id + ": " + link.error().text();
    request.log->warning(why);
    why_passed_over += "; " + why;
    claim.except.push_back(found->eni.id);
    TRY(store.release(claim.owner.container_id, claim.owner.if_name));
  }
}

}  // namespace catena::multiip
