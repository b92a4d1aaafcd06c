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

// The redirection's, by which we know it, and whether the hook that it is in is ours too. After
// others' filters, which have the lower numbers that people choose and may drop packets; what they
// accept is not looked at again by this one.
constexpr std::uint16_t kInOurHook = 0xca10;
constexpr std::uint16_t kInOthersHook = 0xca11;
constexpr std::uint64_t kMacSeed = 5;  // other than the seeds of other names and addresses

// Another kind of link of that name is none.
Result<std::optional<Link>> find_ifb(netlink::Socket& socket, const std::string& name) {
  Result<Link> found = socket.find_link(name);
  if (!found.ok() && !found.error().is(ErrorKind::kNotFound)) {
    return found.error();
  }
  return found.ok() && found->kind == "ifb" ? std::optional<Link>(*std::move(found)) : std::nullopt;
}

bool is_ours(const Filter& filter) {
  return filter.priority == kInOurHook || filter.priority == kInOthersHook;
}

// Nothing but the one redirection has our priorities.
Result<bool> is_redirected(netlink::Socket& socket, const Link& from, const Link& ifb) {
  const auto filters = TRY(socket.list_filters(from, Place::kIngress));
  const auto leads_there = [&](const Filter& filter) {
    return is_ours(filter) && filter.matches_all && filter.redirect_to == ifb.index;
  };
  return std::ranges::count_if(filters, is_ours) == 1 && std::ranges::any_of(filters, leads_there);
}

Result<bool> has_hook(netlink::Socket& socket, const Link& from) {
  const auto hook = socket.find_qdisc(from, Place::kIngress);
  if (!hook.ok() && !hook.error().is(ErrorKind::kNotFound)) {
    return hook.error();
  }
  return hook.ok();
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

// Hook and redirection are made by one call to the kernel, which no kill tears apart.
Status redirect(netlink::Socket& socket, const Link& from, const Link& ifb) {
  const bool there = TRY(has_hook(socket, from));
  const auto filters =
      there ? TRY(socket.list_filters(from, Place::kIngress)) : std::vector<Filter>();
  const bool is_others =
      there && std::ranges::find(filters, kInOurHook, &Filter::priority) == filters.end();
  std::vector<Request> requests;
  if (there) {
    requests.push_back(netlink::delete_ingress_filters(from, kInOurHook));
    requests.push_back(netlink::delete_ingress_filters(from, kInOthersHook));
  } else {
    requests.push_back(netlink::add_ingress_hook(from));
  }
  requests.push_back(netlink::redirect_ingress(from, ifb, is_others ? kInOthersHook : kInOurHook));
  Status redirected = socket.send(std::move(requests));
  if (!redirected.ok() && !is_others) {
    // Without the redirection nobody would know whose it is.
    (void)socket.send(netlink::delete_ingress_hook(from)).ok();
  }
  return redirected;
}

// Our hook goes with its last filter; one of somebody else stays, filters or not.
Status remove_redirection(netlink::Socket& socket, const Link& from) {
  if (!TRY(has_hook(socket, from))) {
    return {};
  }
  const auto filters = TRY(socket.list_filters(from, Place::kIngress));
  if (std::ranges::none_of(filters, is_ours)) {
    return {};
  }
  const auto is_in_ours = [](const Filter& filter) { return filter.priority == kInOurHook; };
  if (std::ranges::all_of(filters, is_in_ours)) {
    return socket.send(netlink::delete_ingress_hook(from));
  }
  std::vector<Request> requests;
  requests.push_back(netlink::delete_ingress_filters(from, kInOurHook));
  requests.push_back(netlink::delete_ingress_filters(from, kInOthersHook));
  return socket.send(std::move(requests));
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
  TRY(detour.socket->send(
      netlink::set_link(*ifb, {.alias = detour.alias, .mtu = detour.from.mtu, .up = true})));
  ifb->mtu = detour.from.mtu;
  TRY(set_queue(queue_of(detour, *ifb)));
  if (!is_new && TRY(is_redirected(*detour.socket, detour.from, *ifb))) {
    return {};
  }
  return redirect(*detour.socket, detour.from, *ifb);
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
  const bool hooked = TRY(has_hook(*detour.socket, detour.from));
  if (!hooked || !TRY(is_redirected(*detour.socket, detour.from, *ifb))) {
    differences.push_back("what " + detour.from.name + " receives is not led to " + detour.ifb);
  }
  std::ranges::move(TRY(queue_differences(queue_of(detour, *ifb))),
                    std::back_inserter(differences));
  return differences;
}

}  // namespace catena::shaping
