#include "common/podlink/check.h"

#include <algorithm>

#include "common/netlink/sysctl.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"

namespace catena::podlink {
namespace {

using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;

class Comparison {
 public:
  Comparison(netlink::Socket& node, netlink::Socket& pod, const Expected& expected)
      : node_(node), pod_(pod), expected_(expected) {}

  Result<std::vector<std::string>> run() {
    host_ = TRY(find(node_, host_link_name(expected_.attachment), "the host's end"));
    inside_ = TRY(find(pod_, expected_.attachment.if_name, "the pod's end"));
    if (host_) {
      TRY(compare_host_end());
      TRY(compare_host_routes());
    }
    if (inside_) {
      compare_pod_end();
      TRY(compare_addresses());
      TRY(compare_pod_routes());
      TRY(compare_rules());
      TRY(compare_neighbours());
    }
    return std::move(found_);
  }

 private:
  void differ(std::string difference) { found_.push_back(std::move(difference)); }

  Result<std::optional<netlink::Link>> find(netlink::Socket& socket, const std::string& name,
                                            const std::string& what) {
    Result<netlink::Link> link = socket.find_link(name);
    if (link.ok()) {
      return std::optional<netlink::Link>(std::move(link).value());
    }
    if (!link.error().is(ErrorKind::kNotFound)) {
      return link.error();
    }
    differ("link " + name + " (" + what + ") is gone");
    return std::optional<netlink::Link>();
  }

  void compare_end(const netlink::Link& link, const std::optional<base::Mac>& mac) {
    if (!link.up) {
      differ("link " + link.name + " is down");
    }
    if (link.mtu != expected_.mtu) {
      differ("MTU of " + link.name + " is " + std::to_string(link.mtu) + ", expected " +
             std::to_string(expected_.mtu));
    }
    if (mac && link.mac != *mac) {
      differ("MAC of " + link.name + " is " + link.mac.to_string() + ", expected " +
             mac->to_string());
    }
  }

  Status compare_host_end() {
    compare_end(*host_, host_mac(expected_.attachment));
    const std::string parameter = "ipv4/conf/" + host_->name + "/rp_filter";
    const std::string value = TRY(netlink::read_sysctl(parameter));
    if (value != "2") {
      differ("net/" + parameter + " is " + value + ", expected 2");
    }
    return {};
  }

  void compare_pod_end() {
    compare_end(*inside_, expected_.mac);
    if (host_ && inside_->peer_index != host_->index) {
      differ("link " + inside_->name + " is not the other end of " + host_->name);
    }
  }

  Status compare_host_routes() {
    for (const IpAddress& address : expected_.addresses) {
      const Prefix destination = Prefix::host(address);
      const Result<netlink::Route> route = node_.matching_route(address);
      if (!route.ok() && !route.error().is(ErrorKind::kNotFound)) {
        return route.error();
      }
      if (!route.ok() || route->destination != destination) {
        differ("host route " + destination.to_string() + " dev " + host_->name + " is gone");
      } else if (route->if_index != host_->index) {
        differ("host route " + destination.to_string() + " leads to link number " +
               std::to_string(route->if_index) + ", expected " + host_->name);
      } else if (expected_.table != netlink::kMainTable && route->table != expected_.table) {
        differ("host route " + destination.to_string() + " is found in table " +
               std::to_string(route->table) + ", expected " + std::to_string(expected_.table));
      } else if (const auto& source = expected_.node.address(address.family());
                 source && route->source != source) {
        differ("host route " + destination.to_string() + " has not the source " +
               source->to_string());
      }
    }
    return {};
  }

  Status compare_addresses() {
    std::vector<Prefix> extra = TRY(pod_.list_addresses(*inside_));
    std::erase_if(extra, [](const Prefix& prefix) {
      return !prefix.is_v4() && prefix.address().is_link_local();
    });
    for (const IpAddress& address : expected_.addresses) {
      if (std::erase(extra, Prefix::host(address)) == 0) {
        differ("address " + Prefix::host(address).to_string() + " of " + inside_->name +
               " is gone");
      }
    }
    for (const Prefix& prefix : extra) {
      differ("extra address " + prefix.to_string() + " on " + inside_->name);
    }
    return {};
  }

  bool is_first_link(Family family) const {
    return std::ranges::any_of(expected_.routes, [&](const cni::RouteConfig& route) {
      return route.destination.length() == 0 && route.destination.family() == family &&
             route.gateway == gateway_of(family);
    });
  }

  std::uint32_t table_of(Family family) const {
    return is_first_link(family) ? netlink::kMainTable
                                 : kSourceTableBase + static_cast<std::uint32_t>(inside_->index);
  }

  bool has_family(Family family) const {
    return std::ranges::any_of(
        expected_.addresses, [&](const IpAddress& address) { return address.family() == family; });
  }

  Status expect_route(const Prefix& destination, const std::optional<IpAddress>& gateway,
                      std::uint32_t table) {
    const std::vector<netlink::Route> routes = TRY(pod_.list_routes(table));
    const bool there = std::ranges::any_of(routes, [&](const netlink::Route& route) {
      return route.destination == destination && route.gateway == gateway &&
             route.if_index == inside_->index;
    });
    if (!there) {
      differ("route " + destination.to_string() + (gateway ? " via " + gateway->to_string() : "") +
             " dev " + inside_->name +
             (table == netlink::kMainTable ? "" : " table " + std::to_string(table)) +
             " in the pod is gone");
    }
    return {};
  }

  Status compare_pod_routes() {
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      if (!has_family(family)) {
        continue;
      }
      const IpAddress gateway = gateway_of(family);
      if (family == Family::kIpv4) {
        TRY(expect_route(Prefix::host(gateway), std::nullopt, table_of(family)));
      }
      TRY(expect_route(Prefix::everywhere(family), gateway, table_of(family)));
    }
    for (const cni::RouteConfig& route : expected_.routes) {
      const bool is_ours = route.gateway == gateway_of(route.destination.family()) &&
                           route.destination.length() != 0 &&
                           has_family(route.destination.family());
      if (is_ours) {
        TRY(expect_route(route.destination, route.gateway, netlink::kMainTable));
      }
    }
    return {};
  }

  Status compare_rules() {
    const std::vector<netlink::Rule> rules = TRY(pod_.list_rules());
    for (const IpAddress& address : expected_.addresses) {
      const std::uint32_t table = table_of(address.family());
      const bool there = std::ranges::any_of(rules, [&](const netlink::Rule& rule) {
        return rule.from == Prefix::host(address) && rule.table == table;
      });
      if (!there && !is_first_link(address.family())) {
        differ("rule from " + address.to_string() + " lookup " + std::to_string(table) +
               " in the pod is gone");
      }
    }
    return {};
  }

  Status compare_neighbours() {
    const std::vector<netlink::Neighbour> neighbours = TRY(pod_.list_neighbours(*inside_));
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      if (!has_family(family)) {
        continue;
      }
      const IpAddress gateway = gateway_of(family);
      const base::Mac mac = host_mac(expected_.attachment);
      const auto found = std::ranges::find(neighbours, gateway, &netlink::Neighbour::address);
      if (found == neighbours.end() || !found->permanent) {
        differ("permanent neighbour " + gateway.to_string() + " dev " + inside_->name +
               " in the pod is gone");
      } else if (found->mac != mac) {
        differ("neighbour " + gateway.to_string() + " in the pod is " + found->mac.to_string() +
               ", expected " + mac.to_string());
      }
    }
    return {};
  }

  netlink::Socket& node_;
  netlink::Socket& pod_;
  const Expected& expected_;
  std::optional<netlink::Link> host_;
  std::optional<netlink::Link> inside_;
  std::vector<std::string> found_;
};

}  // namespace

Result<std::vector<std::string>> differences(netlink::Socket& node, netlink::Socket& pod,
                                             const Expected& expected) {
  return Comparison(node, pod, expected).run();
}

}  // namespace catena::podlink
