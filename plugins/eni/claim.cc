#include "plugins/eni/claim.h"

#include <chrono>
#include <optional>
#include <utility>

#include "common/attachment/add.h"
#include "common/attachment/claim.h"
#include "common/enilink/nic.h"
#include "common/podlink/node.h"

namespace catena::eni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

// The cloud says that an ENI is in use some time before or after its NIC is there.
constexpr std::chrono::milliseconds kNicPatience{5'000};

attachment::Growth growth_for(const Settings& settings) {
  return {.duty = "eni.grow",
          .state_dir = settings.state_dir,
          .eni_conf = settings.eni_conf,
          .families = settings.families,
          .patience = settings.grow_timeout,
          .queue = "eni",
          .failed = "no ENI is free for the pod alone, and none can be attached",
          .missing = "free exclusive ENI"};
}

// kNotFound when it does not come in time.
Result<netlink::Link> await_nic(netlink::Socket& node, const base::Mac& mac) {
  std::optional<netlink::Link> nic = TRY(enilink::await_nic(node, mac, kNicPatience));
  if (nic.has_value()) {
    return *std::move(nic);
  }
  return Error(ErrorKind::kNotFound, "no link of this node has the MAC " + mac.to_string())
      .advice(
          "look at `ip link` and at the instance's ENIs in the console: the NIC may not "
          "have been plugged in, or be in a namespace that nobody can name");
}

// The node would lose its own connection.
Status is_no_default_route(netlink::Socket& node, const netlink::Link& nic) {
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    const auto route = TRY(podlink::find_default_route(node, family));
    if (route.has_value() && route->if_index == nic.index) {
      return Error(ErrorKind::kNotAvailable,
                   "its NIC " + nic.name + " has the node's own default route")
          .advice(
              "remove that route, or make the ENI a shared one: the primary NIC serves no pod "
              "alone");
    }
  }
  return {};
}

}  // namespace

Result<Claimed> claim(const cni::Request& request, const Settings& settings,
                      netlink::Socket& node) {
  ipam::Store store = settings.open_store();
  netlink::Link nic;
  const attachment::EniSource source{
      .growth = growth_for(settings),
      .claim =
          [&](ipam::Store& from, const ipam::EniClaim& wanted) {
            return from.claim_eni(
                wanted, attachment::known_to_kernel(node, attachment::NodesOwn::kIsNotInUse));
          },
      .make_ready = [&](const ipam::EniAttachment& claimed) -> Status {
        nic = TRY(await_nic(node, claimed.eni.mac));
        return is_no_default_route(node, nic);
      },
      .give_back = [](ipam::Store& to, const ipam::Owner& owner) -> Status {
        TRY(to.release_eni(owner.container_id, owner.if_name));
        return {};
      }};
  auto held = attachment::claim_ready(request, store,
                                      attachment::claim_for(request, settings.families), source);
  if (!held.ok()) {
    return std::move(held).error();
  }
  return Claimed{.held = std::move(held).value(), .nic = std::move(nic)};
}

}  // namespace catena::eni
