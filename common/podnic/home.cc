#include "common/enilink/nic.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"
#include "common/podnic/alias.h"
#include "common/podnic/pod_nic.h"

namespace catena::podnic {
namespace {

using base::ErrorKind;
using base::Result;
using base::Status;
using netlink::Link;

// "eni00163e023805": no other link of the node is called so, and it is as long as a name may be.
std::string name_by_mac(const base::Mac& mac) {
  std::string name = "eni";
  for (const char character : mac.to_string()) {
    if (character != ':') {
      name += character;
    }
  }
  return name;
}

// By its name there, which spares the list of the pod's links.
Result<std::optional<Link>> find_in_pod(netlink::Socket& pod, const Stray& stray) {
  if (!stray.if_name.empty()) {
    Result<Link> link = pod.find_link(stray.if_name);
    if (!link.ok() && !link.error().is(ErrorKind::kNotFound)) {
      return link.error();
    }
    if (link.ok() && link->mac == stray.mac && enilink::is_nic(*link)) {
      return std::optional<Link>(std::move(link).value());
    }
  }
  return enilink::find_nic(pod, stray.mac);
}

// A namespace that is gone, and a path that became something else, have no NIC of ours.
Result<bool> fetch_from_pod(const Stray& stray, const netlink::NetNs& home) {
  if (stray.netns.empty()) {
    return false;
  }
  const auto sandbox = netlink::NetNs::open(stray.netns);
  if (!sandbox.ok() || sandbox->same_as(home)) {
    return false;
  }
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  const std::optional<Link> nic = TRY(find_in_pod(pod, stray));
  if (!nic.has_value() || (stray.only_by_alias && old_name_in(nic->alias).empty())) {
    return false;
  }
  // Down before it is renamed, and renamed before it moves: the node has an eth0 too.
  std::vector<netlink::Request> requests;
  requests.push_back(netlink::set_link(*nic, {.up = false}));
  requests.push_back(netlink::set_link(*nic, {.name = name_by_mac(stray.mac)}));
  requests.push_back(netlink::set_link(*nic, {.move_to = &home}));
  TRY(pod.send(std::move(requests)).context("bring the ENI's NIC home from the pod"));
  return true;
}

Result<std::string> free_name(netlink::Socket& node, const Link& nic, const std::string& old_name) {
  const Result<Link> holder = node.find_link(old_name);
  if (holder.ok()) {
    return holder->index == nic.index ? old_name : name_by_mac(nic.mac);
  }
  return holder.error().is(ErrorKind::kNotFound) ? Result<std::string>(old_name)
                                                 : Result<std::string>(holder.error());
}

// A NIC without an alias of ours was never in a pod, or has been tidied up before.
Status tidy_up(netlink::Socket& node, const Link& nic) {
  const std::string old_name = old_name_in(nic.alias);
  if (old_name.empty()) {
    return {};
  }
  TRY(node.send(netlink::set_link(nic, {.up = false})));
  const std::string name = TRY(free_name(node, nic, old_name));
  return node.send(netlink::set_link(nic, {.name = name, .alias = ""}));
}

// The host link comes up last, and where a pod has none the NIC's alias is all there is: what has
// it is then taken for whole.
bool is_half_made(const Link& inside, const Result<Link>& host) {
  return !old_name_in(inside.alias).empty() && (host.ok() ? !host->up : !inside.up);
}

}  // namespace

Status clear_leftovers(netlink::Socket& node, netlink::Socket& pod,
                       const cni::Attachment& attachment, const std::string& netns) {
  const Result<Link> host = node.find_link(podlink::host_link_name(attachment));
  if (!host.ok() && !host.error().is(ErrorKind::kNotFound)) {
    return host.error();
  }
  const Result<Link> inside = pod.find_link(attachment.if_name);
  if (!inside.ok() && !inside.error().is(ErrorKind::kNotFound)) {
    return inside.error();
  }
  if (inside.ok() && !is_half_made(*inside, host)) {
    return base::Error(ErrorKind::kExists,
                       "the sandbox has an interface '" + attachment.if_name + "' already")
        .advice("call DEL for this container before another ADD");
  }
  if (inside.ok()) {
    TRY(bring_home(node, {.mac = inside->mac, .if_name = inside->name, .netns = netns}));
  }
  return podlink::remove_link(node, attachment);
}

Result<Found> bring_home(netlink::Socket& node, const Stray& stray) {
  const netlink::NetNs home = TRY(netlink::NetNs::current());
  const bool moved = TRY(fetch_from_pod(stray, home));
  const std::optional<Link> nic =
      moved ? std::optional<Link>(TRY(node.find_link(name_by_mac(stray.mac))))
            : TRY(enilink::find_nic(node, stray.mac));
  if (!nic.has_value()) {
    return Found::kNowhere;
  }
  TRY(tidy_up(node, *nic).context("bring the ENI's NIC home"));
  return moved ? Found::kMoved : Found::kHome;
}

}  // namespace catena::podnic
