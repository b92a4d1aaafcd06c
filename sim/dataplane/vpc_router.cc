#include "sim/dataplane/vpc_router.h"

#include <array>
#include <utility>

#include "common/base/error_list.h"
#include "common/netlink/sysctl.h"

namespace catena::sim {
namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;

constexpr const char* kNowhere = "nowhere";
constexpr std::uint32_t kLargestMtu = 65535;

// The MAC that the cloud's gateways have, on every port.
constexpr base::Mac kGatewayMac{{0xee, 0xff, 0xff, 0xff, 0xff, 0xff}};

// What stands for the guest on its port: next hop of all its routes, a permanent neighbour with the
// ENI's MAC. Only the VPC's namespace knows it.
IpAddress guest_of(Family family) {
  constexpr std::array<std::uint8_t, 16> kV4{169, 254, 0, 1};
  constexpr std::array<std::uint8_t, 16> kV6{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return IpAddress::from_bytes(family, family == Family::kIpv4 ? kV4.data() : kV6.data());
}

struct Setting {
  const char* name;
  const char* value;
};

// Before any port is made: `default` counts for those to come.
constexpr std::array<Setting, 7> kIpv4Settings{{
    {"ipv4/conf/all/rp_filter", "0"},  // the filter looks at sources, and counts
    {"ipv4/conf/default/rp_filter", "0"},
    {"ipv4/conf/all/arp_ignore", "8"},  // the responder answers
    {"ipv4/conf/all/send_redirects", "0"},
    {"ipv4/conf/default/send_redirects", "0"},
    {"ipv4/conf/all/accept_redirects", "0"},
    {"ipv4/ip_forward", "1"},
}};
constexpr std::array<Setting, 3> kIpv6Settings{{
    {"ipv6/conf/default/addr_gen_mode", "1"},  // ports have no address of their own
    {"ipv6/conf/default/accept_ra", "0"},
    {"ipv6/conf/all/forwarding", "1"},
}};

base::Status apply_settings(const netlink::NetNs& netns) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(netns));
  for (const Setting& setting : kIpv4Settings) {
    TRY(netlink::ensure_sysctl(setting.name, setting.value));
  }
  for (const Setting& setting : kIpv6Settings) {
    const base::Result<bool> set = netlink::ensure_sysctl(setting.name, setting.value);
    if (!set.ok() && !set.error().is(base::ErrorKind::kNotFound)) {  // a kernel without IPv6
      return set.error();
    }
  }
  return {};
}

// A veth whose other end is beside it: up, and nobody there.
base::Result<netlink::Link> create_nowhere(netlink::Socket& socket, const netlink::NetNs& netns) {
  const netlink::VethEnd here{kNowhere, base::Mac::local_from(1), kLargestMtu};
  const netlink::VethEnd there{std::string(kNowhere) + "-end", base::Mac::local_from(2),
                               kLargestMtu};
  TRY(socket.send(netlink::create_veth(here, there, netns)));
  const netlink::Link nowhere = TRY(socket.find_link(here.name));
  const netlink::Link nobody = TRY(socket.find_link(there.name));
  std::vector<netlink::Request> requests;
  requests.push_back(netlink::set_link(nobody, {.up = true}));
  requests.push_back(netlink::set_link(nowhere, {.up = true}));
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    requests.push_back(netlink::add_route({.destination = Prefix::everywhere(family),
                                           .if_index = nowhere.index,
                                           .if_name = nowhere.name}));
    requests.back().ok_if_no_family = true;
  }
  TRY(socket.send(std::move(requests)));
  return nowhere;
}

netlink::Route route_of(const Prefix& destination, const Port& port) {
  return {.destination = Prefix(destination.network(), destination.length()),
          .if_index = port.index,
          .if_name = port.name,
          .gateway = guest_of(destination.family()),
          .onlink = destination.is_v4()};
}

}  // namespace

VpcRouter::VpcRouter(netlink::Socket socket, netlink::Link lo, netlink::Link nowhere,
                     VpcFilter filter, std::unique_ptr<NeighbourResponder> responder)
    : socket_(std::move(socket)),
      lo_(std::move(lo)),
      nowhere_(std::move(nowhere)),
      filter_(std::move(filter)),
      responder_(std::move(responder)) {}

base::Result<std::unique_ptr<VpcRouter>> VpcRouter::create(const netlink::NetNs& netns) {
  TRY(apply_settings(netns));
  netlink::Socket socket = TRY(netlink::Socket::open_in(netns));
  netlink::Link lo = TRY(socket.find_link("lo"));
  netlink::Link nowhere = TRY(create_nowhere(socket, netns));
  VpcFilter filter = TRY(VpcFilter::create(netns, nowhere.name));
  auto responder = TRY(NeighbourResponder::start(netns, kGatewayMac));
  return std::unique_ptr<VpcRouter>(new VpcRouter(std::move(socket), std::move(lo),
                                                  std::move(nowhere), std::move(filter),
                                                  std::move(responder)));
}

base::Status VpcRouter::add_gateways(const PlaneSwitch& vswitch) {
  std::vector<netlink::Request> requests;
  requests.push_back(netlink::add_address(lo_, Prefix::host(vswitch.gateway)));
  if (vswitch.gateway6) {
    requests.push_back(netlink::add_address(lo_, Prefix::host(*vswitch.gateway6)));
  }
  return socket_.send(std::move(requests));
}

base::Status VpcRouter::set_up_port(Port& port, const PlaneNic& nic, const PlaneSwitch& vswitch) {
  const netlink::Link link = TRY(socket_.find_link(port.name));
  port.index = link.index;
  // The filter first: nothing comes in before it knows the port.
  TRY(filter_.add_port({port.name, port.guest, port.source_check}));
  responder_->add(port.index, {port.guest, vswitch.ipv4, vswitch.ipv6});
  std::vector<netlink::Request> requests;
  requests.push_back(netlink::set_link(link, {.alias = nic.id, .up = true}));
  for (const Family family : {Family::kIpv4, Family::kIpv6}) {
    requests.push_back(netlink::add_permanent_neighbour(link, guest_of(family), port.guest));
    requests.back().ok_if_no_family = true;
  }
  return socket_.send(std::move(requests));
}

base::Result<Port> VpcRouter::create_port(const std::string& name, const PlaneNic& nic,
                                          const PlaneSwitch& vswitch, const GuestEnd& guest) {
  const auto mtu = static_cast<std::uint32_t>(nic.mtu);
  TRY(socket_.send(
      netlink::create_veth({.name = name, .mac = kGatewayMac, .mtu = mtu, .group = kPortGroup},
                           {.name = guest.name, .mac = nic.mac, .mtu = mtu}, guest.netns)));
  Port port{name, 0, nic.mac, nic.source_check};
  base::Status made = set_up_port(port, nic, vswitch);
  if (made.ok()) {
    return port;
  }
  base::ErrorList failures;
  failures.add(std::move(made));
  failures.add(remove_port(port));
  return failures.to_status().error();
}

base::Status VpcRouter::remove_port(const Port& port) {
  base::ErrorList failures;
  const base::Result<netlink::Link> link = socket_.find_link(port.name);
  failures.add(link.ok() ? socket_.send(netlink::delete_link(*link)) : link.error());
  responder_->remove(port.index);
  failures.add(filter_.remove_port({port.name, port.guest, port.source_check}));
  return failures.to_status();
}

base::Status VpcRouter::remove_all_ports() {
  return socket_.send(netlink::delete_links_of_group(kPortGroup));
}

base::Status VpcRouter::route(const std::vector<Prefix>& destinations, const Port& port) {
  std::vector<netlink::Request> requests;
  requests.reserve(destinations.size());
  for (const Prefix& destination : destinations) {
    requests.push_back(netlink::add_route(route_of(destination, port), /*replace=*/true));
  }
  return socket_.send(std::move(requests));
}

base::Status VpcRouter::route_to_nowhere(const Prefix& destination) {
  return socket_.send(
      netlink::add_route({.destination = Prefix(destination.network(), destination.length()),
                          .if_index = nowhere_.index,
                          .if_name = nowhere_.name},
                         /*replace=*/true));
}

base::Status VpcRouter::unroute(const std::vector<Prefix>& destinations, const Port& port) {
  std::vector<netlink::Request> requests;
  requests.reserve(destinations.size());
  for (const Prefix& destination : destinations) {
    requests.push_back(netlink::delete_route(route_of(destination, port)));
    requests.back().ok_if_gone = true;
  }
  return socket_.send(std::move(requests));
}

base::Status VpcRouter::unroute(const Prefix& destination) {
  netlink::Request request =
      netlink::delete_route({.destination = Prefix(destination.network(), destination.length())});
  request.ok_if_gone = true;
  return socket_.send(std::move(request));
}

}  // namespace catena::sim
