#include "plugins/multiip/claim.h"

#include <algorithm>

#include "common/attachment/add.h"
#include "common/attachment/claim.h"
#include "plugins/multiip/source_routing.h"

namespace catena::multiip {
namespace {

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
  enilink::EniLink link;
  const attachment::EniSource source{
      .growth = growth_for(settings),
      .claim =
          [&](ipam::Store& from, const ipam::EniClaim& wanted) {
            return from.claim_from_enis(wanted, attachment::known_to_kernel(*kernel.routes));
          },
      .make_ready = [&](const EniAttachment& claimed) -> Status {
        link = TRY(
            enilink::ensure_eni(kernel, host_eni(claimed.eni, settings), routing, kLinkPatience));
        return {};
      },
      .give_back = [](ipam::Store& to, const ipam::Owner& owner) -> Status {
        TRY(to.release(owner.container_id, owner.if_name));
        return {};
      }};
  auto found = attachment::claim_ready(request, store,
                                       attachment::claim_for(request, settings.families), source);
  if (!found.ok()) {
    return std::move(found).error();
  }
  Placed placed{.eni = std::move(found->eni), .link = link, .addresses = {}};
  std::ranges::transform(found->records, std::back_inserter(placed.addresses),
                         &ipam::Record::address);
  return placed;
}

}  // namespace catena::multiip
