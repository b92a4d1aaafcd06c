// What the comparisons of this folder have in common. Internal to it.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/netlink/socket.h"

namespace catena::podnic {

struct ExpectedLink {
  std::string where;  // "the pod"
  std::string name;
  base::Mac mac;
  std::optional<std::uint32_t> mtu;  // absent: any
};

// One side of a pod's links, its namespace's.
class Side {
 public:
  Side(netlink::Socket& socket, std::vector<std::string>& found)
      : socket_(&socket), found_(&found) {}

  void differ(std::string difference) { found_->push_back(std::move(difference)); }

  // Nothing, and a difference, where it is gone.
  base::Result<std::optional<netlink::Link>> compare_link(const ExpectedLink& expected) {
    base::Result<netlink::Link> link = socket_->find_link(expected.name);
    if (!link.ok() && !link.error().is(base::ErrorKind::kNotFound)) {
      return link.error();
    }
    if (!link.ok()) {
      differ("link " + expected.name + " of " + expected.where + " is gone");
      return std::optional<netlink::Link>();
    }
    const auto compare = [&](const std::string& what, const auto& is, const auto& wanted) {
      if (is != wanted) {
        differ(what + " of " + expected.name + " is " + is + ", expected " + wanted);
      }
    };
    compare("MAC", link->mac.to_string(), expected.mac.to_string());
    compare("MTU", std::to_string(link->mtu), std::to_string(expected.mtu.value_or(link->mtu)));
    compare("rp_filter", std::to_string(link->ipv4.rp_filter), std::string("2"));
    if (!link->up) {
      differ("link " + expected.name + " of " + expected.where + " is down");
    }
    return std::optional<netlink::Link>(std::move(link).value());
  }

  // Whether all of them are there, or in one of the tables `or_in`; others are not looked at.
  base::Status compare_routes(const std::vector<netlink::Route>& expected, const std::string& where,
                              const std::set<std::uint32_t>& or_in = {}) {
    std::vector<netlink::Route> routes;
    std::optional<std::uint32_t> table;
    for (const netlink::Route& route : expected) {
      if (table != route.table) {
        routes = TRY(socket_->list_routes(route.table));
        for (const std::uint32_t other : or_in) {
          std::ranges::move(TRY(socket_->list_routes(other)), std::back_inserter(routes));
        }
        table = route.table;
      }
      const bool there = std::ranges::any_of(routes, [&route](const netlink::Route& one) {
        return one.destination == route.destination && one.gateway == route.gateway &&
               one.if_index == route.if_index && one.source == route.source;
      });
      if (!there) {
        differ("route " + route.destination.to_string() +
               (route.gateway ? " via " + route.gateway->to_string() : "") + " dev " +
               route.if_name + " of " + where + " is gone or changed");
      }
    }
    return {};
  }

  base::Status compare_neighbour(const netlink::Link& link, const netlink::Neighbour& expected) {
    const auto neighbours = TRY(socket_->list_neighbours(link));
    const auto found =
        std::ranges::find(neighbours, expected.address, &netlink::Neighbour::address);
    if (found == neighbours.end() || !found->permanent || found->mac != expected.mac) {
      differ("permanent neighbour " + expected.address.to_string() + " dev " + link.name +
             " is gone or changed");
    }
    return {};
  }

  base::Status compare_rules(const std::vector<netlink::Rule>& expected, const std::string& where) {
    const auto rules = TRY(socket_->list_rules());
    for (const netlink::Rule& rule : expected) {
      if (std::ranges::find(rules, rule) == rules.end()) {
        differ(std::string("rule ") + std::to_string(rule.priority) + " lookup " +
               std::to_string(rule.table) + " of " + where + " is gone");
      }
    }
    return {};
  }

  netlink::Socket& socket() { return *socket_; }

 private:
  netlink::Socket* socket_;
  std::vector<std::string>* found_;
};

}  // namespace catena::podnic
