#include "sim/netns_plane.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <utility>

#include "common/base/error_list.h"
#include "common/base/rollback.h"
#include "sim/dataplane/named_netns.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Prefix;

Error not_there(const std::string& what, const std::string& id) {
  return {ErrorKind::kNotFound, "data plane: there is no " + what + " " + id};
}

Error there_already(const std::string& what, const std::string& id) {
  return {ErrorKind::kExists, "data plane: " + what + " " + id + " is there already"};
}

const Prefix* first_host(const PlaneNic& nic, base::Family family) {
  const auto found = std::ranges::find_if(nic.addresses, [family](const Prefix& each) {
    return each.family() == family && each.length() == each.address().bits();
  });
  return found == nic.addresses.end() ? nullptr : &*found;
}

// The address that the kernel would make of the MAC itself (RFC 4291, appendix A).
Prefix link_local_of(const base::Mac& mac) {
  const auto& m = mac.bytes;
  const std::array<std::uint8_t, 16> bytes{
      0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(m[0] ^ 2U),
      m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
  return {base::IpAddress::from_bytes(base::Family::kIpv6, bytes.data()), 64};
}

}  // namespace

base::Result<std::unique_ptr<NetnsPlane>> NetnsPlane::start(StateDir& state,
                                                            NetnsPlaneOptions options) {
  TRY(remove_leftovers(state, kPortGroup));
  const netlink::NetNs vpc = TRY(create_named_netns(state, options.vpc_netns));
  base::Rollback rollback;
  rollback.push([&] {
    base::Status removed = remove_named_netns(state, options.vpc_netns);
    if (!removed.ok() && options.report) {
      options.report(removed.error());
    }
  });
  std::unique_ptr<VpcRouter> router =
      TRY(VpcRouter::create(vpc).context("set up the VPC's namespace"));
  LinkWatch watch = TRY(LinkWatch::start(vpc));
  base::UniqueFd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) {
    return Error::from_errno(errno, "eventfd");
  }
  rollback.commit();
  return std::unique_ptr<NetnsPlane>(new NetnsPlane(state, std::move(options), std::move(router),
                                                    std::move(watch), std::move(stop)));
}

NetnsPlane::NetnsPlane(StateDir& state, NetnsPlaneOptions options,
                       std::unique_ptr<VpcRouter> router, LinkWatch watch, base::UniqueFd stop)
    : state_(state),
      options_(std::move(options)),
      router_(std::move(router)),
      watch_(std::move(watch)),
      stop_(std::move(stop)),
      thread_([this] { watch_links(); }) {}

NetnsPlane::~NetnsPlane() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  base::ErrorList failures;
  failures.add(router_->remove_all_ports());
  for (const auto& [id, node] : nodes_) {
    failures.add(remove_named_netns(state_, node.netns_name));
  }
  failures.add(remove_named_netns(state_, options_.vpc_netns));
  const base::Status removed = failures.to_status();
  if (!removed.ok() && options_.report) {
    options_.report(removed.error());
  }
}

base::Status NetnsPlane::add_switch(const PlaneSwitch& vswitch) {
  const std::lock_guard lock(mutex_);
  if (switches_.contains(vswitch.id)) {
    return there_already("vSwitch", vswitch.id);
  }
  TRY(router_->add_gateways(vswitch).context("add vSwitch " + vswitch.id));
  switches_.emplace(vswitch.id, vswitch);
  return {};
}

base::Result<NetnsPlane::Node> NetnsPlane::make_node(const PlaneNode& node) {
  netlink::NetNs netns = TRY(create_named_netns(state_, node.netns));
  netlink::Socket socket = TRY(netlink::Socket::open_in(netns));
  const netlink::Link lo = TRY(socket.find_link("lo"));
  std::vector<netlink::Request> requests;
  for (const base::IpAddress& address : options_.service_addresses) {
    requests.push_back(
        netlink::add_address(lo, Prefix::host(address), netlink::AddressScope::kHost));
  }
  TRY(socket.send(std::move(requests)));
  return Node{node.netns, std::move(netns), std::move(socket), node.primary.id, {}};
}

// As DHCP does it.
base::Status NetnsPlane::configure_primary(Node& node, const PlaneNic& nic) {
  constexpr unsigned char kByDhcp = 16;  // RTPROT_DHCP
  const PlaneSwitch& vswitch = switches_.at(nic.vswitch);
  const netlink::Link link = TRY(node.socket.find_link("eth0"));
  std::vector<netlink::Request> requests;
  // On a machine that is up, duplicate address detection was over long ago; until it is, the kernel
  // asks for no neighbour in the name of an address that it forwards for.
  requests.push_back(netlink::add_address(link, link_local_of(nic.mac)));
  requests.back().ok_if_no_family = true;
  requests.push_back(netlink::set_link(link, {.up = true}));
  const auto configure = [&](const Prefix* address, int length, const base::IpAddress& gateway) {
    requests.push_back(netlink::add_address(link, Prefix(address->address(), length)));
    requests.push_back(netlink::add_route({.destination = Prefix::everywhere(gateway.family()),
                                           .if_index = link.index,
                                           .if_name = link.name,
                                           .gateway = gateway,
                                           .protocol = kByDhcp}));
  };
  if (const Prefix* v4 = first_host(nic, base::Family::kIpv4)) {
    configure(v4, vswitch.ipv4.length(), vswitch.gateway);
  }
  const Prefix* v6 = first_host(nic, base::Family::kIpv6);
  if (v6 != nullptr && vswitch.ipv6 && vswitch.gateway6) {
    configure(v6, vswitch.ipv6->length(), *vswitch.gateway6);
  }
  return node.socket.send(std::move(requests));
}

base::Status NetnsPlane::add_node(const PlaneNode& node) {
  const std::lock_guard lock(mutex_);
  if (nodes_.contains(node.id)) {
    return there_already("node", node.id);
  }
  const std::string doing = "add node " + node.id;
  nodes_.emplace(node.id, TRY(make_node(node).context(doing)));
  base::Rollback rollback;
  rollback.push([&] {
    base::Status removed = remove_node_locked(node.id);
    if (!removed.ok() && options_.report) {
      options_.report(removed.error());
    }
  });
  TRY(attach(node.id, node.primary, "eth0").context(doing));
  TRY(configure_primary(nodes_.at(node.id), node.primary).context(doing));
  rollback.commit();
  return {};
}

base::Status NetnsPlane::remove_node(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (!nodes_.contains(id)) {
    return not_there("node", id);
  }
  return remove_node_locked(id);
}

base::Status NetnsPlane::remove_node_locked(const std::string& id) {
  Node& node = nodes_.at(id);
  base::ErrorList failures;
  const std::set<std::string> nics = node.nics;
  for (const std::string& nic : nics) {
    failures.add(detach(nic));
  }
  failures.add(remove_named_netns(state_, node.netns_name));
  nodes_.erase(id);
  return failures.to_status().context("remove node " + id);
}

// The kernel gives a NIC the next free name.
base::Result<std::string> NetnsPlane::free_name(Node& node, const std::string& wanted) {
  constexpr int kMostNics = 1024;  // far above any instance type
  for (int i = wanted.empty() ? 1 : 0; i < kMostNics; ++i) {
    const std::string name = i == 0 ? wanted : "eth" + std::to_string(i);
    const base::Result<netlink::Link> taken = node.socket.find_link(name);
    if (!taken.ok() && taken.error().is(ErrorKind::kNotFound)) {
      return name;
    }
    TRY(taken);
  }
  return Error(ErrorKind::kTryAgain, "no name is free for one more NIC of the node");
}

// `guest_name`: what it is to be called if that is free; empty: the next ethN.
base::Status NetnsPlane::attach(const std::string& node, const PlaneNic& nic,
                                std::string guest_name) {
  if (!switches_.contains(nic.vswitch)) {
    return not_there("vSwitch", nic.vswitch);
  }
  if (nics_.contains(nic.id)) {
    return there_already("ENI", nic.id);
  }
  Nic& made =
      nics_.emplace(nic.id, Nic{.spec = nic, .node = node, .guest_name = std::move(guest_name)})
          .first->second;
  made.port.name = "eni" + std::to_string(++ports_made_);
  nodes_.at(node).nics.insert(nic.id);
  base::Status connected = connect(made);
  if (connected.ok()) {
    return {};
  }
  base::ErrorList failures;
  failures.add(std::move(connected));
  failures.add(detach(nic.id));
  return failures.to_status();
}

// Makes the link, in the node's namespace, and leads the ENI's addresses to it.
base::Status NetnsPlane::connect(Nic& nic) {
  constexpr int kTries = 5;  // somebody in the guest may take the name meanwhile
  Node& node = nodes_.at(nic.node);
  for (int i = 0;; ++i) {
    nic.guest_name = TRY(free_name(node, nic.guest_name));
    base::Result<Port> port = router_->create_port(
        nic.port.name, nic.spec, switches_.at(nic.spec.vswitch), {nic.guest_name, node.netns});
    if (port.ok()) {
      nic.port = *std::move(port);
      break;
    }
    if (i + 1 == kTries || !port.error().is(ErrorKind::kExists)) {
      return std::move(port).error();
    }
  }
  nic_at_[nic.port.index] = nic.spec.id;
  TRY(router_->route(nic.spec.addresses, nic.port));
  return router_->route(entries_to(nic), nic.port);
}

base::Status NetnsPlane::plug(const std::string& node, const PlaneNic& nic) {
  const std::lock_guard lock(mutex_);
  if (!nodes_.contains(node)) {
    return not_there("node", node);
  }
  return attach(node, nic, {}).context("plug ENI " + nic.id + " into " + node);
}

base::Status NetnsPlane::unplug(const std::string& nic) {
  const std::lock_guard lock(mutex_);
  if (!nics_.contains(nic)) {
    return not_there("ENI", nic);
  }
  return detach(nic).context("unplug ENI " + nic);
}

base::Status NetnsPlane::detach(const std::string& nic_id) {
  const auto found = nics_.find(nic_id);
  if (found == nics_.end()) {
    return {};
  }
  base::ErrorList failures;
  const Nic& nic = found->second;
  // Before the link goes and takes its routes along: a wider entry must not catch these packets.
  for (const Prefix& destination : entries_to(nic)) {
    failures.add(router_->route_to_nowhere(destination));
  }
  failures.add(router_->remove_port(nic.port));
  nic_at_.erase(nic.port.index);
  if (const auto node = nodes_.find(nic.node); node != nodes_.end()) {
    node->second.nics.erase(nic_id);
  }
  nics_.erase(found);
  return failures.to_status();
}

base::Status NetnsPlane::set_addresses(const std::string& nic,
                                       const std::vector<Prefix>& addresses) {
  const std::lock_guard lock(mutex_);
  const auto found = nics_.find(nic);
  if (found == nics_.end()) {
    return not_there("ENI", nic);
  }
  std::vector<Prefix>& present = found->second.spec.addresses;
  const auto missing_in = [](const std::vector<Prefix>& from, const std::vector<Prefix>& in) {
    std::vector<Prefix> missing;
    std::ranges::copy_if(from, std::back_inserter(missing), [&in](const Prefix& each) {
      return std::ranges::find(in, each) == in.end();
    });
    return missing;
  };
  const Port& port = found->second.port;
  TRY(router_->route(missing_in(addresses, present), port).context("add addresses of " + nic));
  TRY(router_->unroute(missing_in(present, addresses), port).context("remove addresses of " + nic));
  present = addresses;
  return {};
}

base::Result<Drops> NetnsPlane::drops() {
  const std::lock_guard lock(mutex_);
  return router_->drops();
}

}  // namespace catena::sim
