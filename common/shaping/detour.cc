#include "common/shaping/detour.h"

#include <algorithm>
#include <optional>

#include "common/base/error_list.h"
#include "common/base/hash.h"
#include "common/shaping/queue.h"

namespace catena::shaping {
namespace {

using base::ErrorKind;
using base::Result;
using base::Status;
using netlink::Filter;
using netlink::Link;
using netlink::Place;
using netlink::Request;

// The redirection's, by which we know it. After others' filters, which have the lower numbers that
// people choose and may drop packets; what they accept is not looked at again by this one.
constexpr std::uint16_t kPriority = 0xca10;
constexpr std::uint64_t kMacSeed = 5;  // other than the seeds of other names and addresses

// Another kind of link of that name is none.
Result<std::optional<Link>> find_ifb(netlink::Socket& socket, const std::string& name) {
  Result<Link> found = socket.find_link(name);
  if (!found.ok() && !found.error().is(ErrorKind::kNotFound)) {
    return found.error();
  }
  return found.ok() && found->kind == "ifb" ? std::optional<Link>(*std::move(found)) : std::nullopt;
}

bool is_redirection(const Filter& filter, int index) {
  return filter.priority == kPriority && filter.matches_all && filter.redirect_to == index;
}

// Nothing but the one redirection has our priority.
Result<bool> is_redirected(netlink::Socket& socket, const Link& from, const Link& ifb) {
  const auto filters = TRY(socket.list_filters(from, Place::kIngress));
  const auto ours = [](const Filter& filter) { return filter.priority == kPriority; };
  return std::ranges::count_if(filters, ours) == 1 &&
         std::ranges::any_of(
             filters, [&](const Filter& filter) { return is_redirection(filter, ifb.index); });
}

Result<Link> make_ifb(const Detour& detour) {
  TRY(detour.socket->send(
      netlink::create_ifb({.name = detour.ifb,
                           .mac = base::Mac::local_from(base::hash64(detour.ifb, kMacSeed)),
                           .mtu = detour.from.mtu})));
  return detour.socket->find_link(detour.ifb);
}

Queue queue_of(const Detour& detour, const Link& ifb) {
  return {.socket = detour.socket,
          .link = ifb,
          .limit = detour.limit,
          .subnets = detour.subnets,
          .peer = detour.peer};
}

// The hook goes with its last filter, unless somebody else made it (clsact).
Status remove_redirection(netlink::Socket& socket, const Link& from) {
  const auto hook = socket.find_qdisc(from, Place::kIngress);
  if (!hook.ok()) {
    return hook.error().is(ErrorKind::kNotFound) ? Status() : Status(hook.error());
  }
  const auto filters = TRY(socket.list_filters(from, Place::kIngress));
  const auto ours = std::ranges::count(filters, kPriority, &Filter::priority);
  // One without filters is what somebody left who was killed.
  if (ours == std::ssize(filters) && hook->kind == "ingress") {
    return socket.send(netlink::delete_ingress_hook(from));
  }
  return ours == 0 ? Status() : socket.send(netlink::delete_ingress_filters(from, kPriority));
}

}  // namespace

Status set_detour(const Detour& detour) {
  if (detour.limit.rate_bits == 0) {
    return remove_detour(*detour.socket, detour.from, detour.ifb);
  }
  std::optional<Link> ifb = TRY(find_ifb(*detour.socket, detour.ifb));
  const bool is_new = !ifb.has_value();
  if (is_new) {
    ifb = TRY(make_ifb(detour));
  }
  std::vector<Request> requests;
  requests.push_back(
      netlink::set_link(*ifb, {.alias = detour.alias, .mtu = detour.from.mtu, .up = true}));
  requests.push_back(netlink::add_ingress_hook(detour.from));
  TRY(detour.socket->send(std::move(requests)));
  ifb->mtu = detour.from.mtu;
  TRY(set_queue(queue_of(detour, *ifb)));
  if (!is_new && TRY(is_redirected(*detour.socket, detour.from, *ifb))) {
    return {};
  }
  std::vector<Request> redirection;
  redirection.push_back(netlink::delete_ingress_filters(detour.from, kPriority));
  redirection.push_back(netlink::redirect_ingress(detour.from, *ifb, kPriority));
  return detour.socket->send(std::move(redirection));
}

Status remove_detour(netlink::Socket& socket, const Link& from, const std::string& ifb) {
  // The redirection first: what it leads to a link that is gone is lost.
  base::ErrorList failures;
  failures.add(remove_redirection(socket, from));
  failures.add(remove_ifb(socket, ifb));
  return failures.to_status();
}

Status remove_ifb(netlink::Socket& socket, const std::string& ifb) {
  const auto link = TRY(find_ifb(socket, ifb));
  return link.has_value() ? socket.send(netlink::delete_link(*link)) : Status();
}

Result<std::vector<std::string>> detour_differences(const Detour& detour) {
  std::vector<std::string> differences;
  const auto ifb = TRY(find_ifb(*detour.socket, detour.ifb));
  const bool wanted = detour.limit.rate_bits != 0;
  if (!wanted || !ifb.has_value()) {
    if (wanted != ifb.has_value()) {
      differences.push_back("ifb " + detour.ifb + (wanted ? " is gone" : ": there should be none"));
    }
    return differences;
  }
  if (!ifb->up) {
    differences.push_back("ifb " + detour.ifb + " is down");
  }
  const auto hook = detour.socket->find_qdisc(detour.from, Place::kIngress);
  if (!hook.ok() && !hook.error().is(ErrorKind::kNotFound)) {
    return hook.error();
  }
  if (!hook.ok() || !TRY(is_redirected(*detour.socket, detour.from, *ifb))) {
    differences.push_back("what " + detour.from.name + " receives is not led to " + detour.ifb);
  }
  std::ranges::move(TRY(queue_differences(queue_of(detour, *ifb))),
                    std::back_inserter(differences));
  return differences;
}

}  // namespace catena::shaping
