#include "plugins/eni/claim.h"

#include <chrono>
#include <optional>
#include <string>

#include "common/attachment/add.h"
#include "common/attachment/grow.h"
#include "common/enilink/nic.h"
#include "common/podlink/node.h"

namespace catena::eni {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;

// The cloud says that an ENI is in use some time before or after its NIC is there.
constexpr std::chrono::milliseconds kNicPatience{5'000};
constexpr unsigned char kLocal = 2;  // RTN_LOCAL, linux/rtnetlink.h

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

// A pod's: the node's own would be one that somebody's DHCP client gave the NIC, which goes when it
// moves.
ipam::InUse of_a_pod(netlink::Socket& node) {
  return [&node](const IpAddress& address) -> Result<bool> {
    const Result<netlink::Route> route = node.matching_route(address);
    if (!route.ok()) {
      return route.error().is(ErrorKind::kNotFound) ? Result<bool>(false)
                                                    : Result<bool>(route.error());
    }
    return route->destination.length() == address.bits() && route->type != kLocal;
  };
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
Status is_no_default_route(netlink::Socket& node, const ipam::Eni& eni, const netlink::Link& nic) {
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    const auto route = TRY(podlink::find_default_route(node, family));
    if (route.has_value() && route->if_index == nic.index) {
      return Error(ErrorKind::kNotAvailable,
                   eni.id + ": its NIC " + nic.name + " has the node's own default route")
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
  ipam::EniClaim wanted = attachment::claim_for(request, settings.families);
  std::optional<ipam::EniAttachment> found;
  const auto try_claim = [&]() -> Result<bool> {
    auto claimed = store.claim_eni(wanted, of_a_pod(node));
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
    Result<netlink::Link> nic = await_nic(node, found->eni.mac);
    if (nic.ok()) {
      TRY(is_no_default_route(node, found->eni, *nic));
      return Claimed{.held = *std::move(found), .nic = std::move(nic).value()};
    }
    if (!nic.error().is(ErrorKind::kNotFound)) {
      return Error(nic.error()).context(found->eni.id);
    }
    const std::string why = found->eni.id + ": " + nic.error().text();
    request.log->warning(why);
    why_passed_over += "; " + why;
    wanted.except.push_back(found->eni.id);
    TRY(store.release_eni(wanted.owner.container_id, wanted.owner.if_name));
  }
}

}  // namespace catena::eni
