#include "common/podnic/repair.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "common/podlink/names.h"
#include "common/podnic/host_peer.h"
#include "common/podnic/host_peer_plan.h"

namespace catena::podnic {
namespace {

using base::Error;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Link;
using netlink::Request;

// "add IPv4 rule 595 lookup 20455" -> "IPv4 rule 595 lookup 20455"
std::string object_of(const Request& request) {
  return request.what.substr(request.what.find(' ') + 1);
}

// A pod whose link is there and up.
struct Peer {
  const OwnNic* pod;
  Link host;
};

class Inspection {
 public:
  Inspection(const enilink::Kernel& kernel, const OwnNics& wanted)
      : kernel_(kernel), wanted_(wanted) {}

  Result<enilink::Repair> repair() {
    TRY(find_peers());
    if (peers_.empty()) {
      return enilink::Repair{};
    }
    TRY(look_at_rules());
    TRY(look_at_routes());
    for (const Peer& peer : peers_) {
      TRY(look_at_neighbours(peer));
    }
    keep(kernel_.routes->send(std::move(requests_)));
    for (const Peer& peer : peers_) {
      TRY(look_at_firewall(peer));
    }
    TRY(leave_out_gone());
    return std::move(repair_);
  }

 private:
  void keep(Status status) {
    if (!status.ok()) {
      repair_.failed.push_back(std::move(status).error());
    }
  }

  void lose(Request request, const char* how) {
    repair_.lost.push_back(object_of(request) + how);
    requests_.push_back(std::move(request));
  }

  Status find_peers() {
    std::map<std::string, Link> by_name;
    for (Link& link : TRY(kernel_.routes->list_links())) {
      std::string name = link.name;
      by_name.emplace(std::move(name), std::move(link));
    }
    for (const OwnNic& pod : wanted_.pods) {
      const auto link = by_name.find(podlink::host_link_name(pod.attachment));
      const bool has_slot = pod.slot >= enilink::kFirstSlot && pod.slot <= enilink::kLastSlot;
      if (has_slot && link != by_name.end() && link->second.up) {
        peers_.push_back({&pod, link->second});
      }
    }
    return {};
  }

  Status look_at_rules() {
    std::vector<netlink::Rule> found = TRY(kernel_.routes->list_rules());
    for (const Peer& peer : peers_) {
      for (const netlink::Rule& rule :
           rules_of(families_of(*peer.pod), peer.pod->slot, wanted_.marks)) {
        // Whoever added it: to the kernel it is the same rule.
        const bool there = std::ranges::any_of(found, [&rule](netlink::Rule one) {
          one.protocol = rule.protocol;
          return one == rule;
        });
        if (!there) {
          lose(netlink::add_rule(rule), " is gone");
          found.push_back(rule);
        }
      }
    }
    return {};
  }

  Status look_at_routes() {
    const auto found = TRY(kernel_.routes->list_routes(enilink::kHostPeersTable));
    for (const Peer& peer : peers_) {
      for (const IpAddress& address : peer.pod->addresses) {
        const netlink::Route wanted{.destination = Prefix::host(address),
                                    .if_index = peer.host.index,
                                    .if_name = peer.host.name,
                                    .source = wanted_.node.address(address.family()),
                                    .link_scope = address.is_v4(),
                                    .table = enilink::kHostPeersTable};
        const auto route =
            std::ranges::find(found, wanted.destination, &netlink::Route::destination);
        if (route != found.end() && netlink::same_route(wanted, *route)) {
          continue;
        }
        lose(netlink::add_route(wanted, /*replace=*/true),
             route == found.end() ? " is gone" : " is not as it should be");
        requests_.back().ok_if_gone = true;  // the link
      }
    }
    return {};
  }

  Status look_at_neighbours(const Peer& peer) {
    const base::Mac mac = podlink::pod_mac(peer.pod->attachment);
    const auto found = TRY(kernel_.routes->list_neighbours(peer.host));
    for (const IpAddress& address : peer.pod->addresses) {
      const auto one = std::ranges::find(found, address, &netlink::Neighbour::address);
      if (one == found.end() || !one->permanent || one->mac != mac) {
        lose(netlink::add_permanent_neighbour(peer.host, address, mac), " is gone");
        requests_.back().ok_if_gone = true;
      }
    }
    return {};
  }

  Status look_at_firewall(const Peer& peer) {
    if (kernel_.firewall == nullptr) {
      return Error(base::ErrorKind::kUnsupported, "the kernel has no nf_tables");
    }
    const auto node = addresses_of(wanted_.node);
    if (!TRY(kernel_.firewall->has_host_link(peer.host.name, node, wanted_.marks))) {
      repair_.lost.push_back("table inet catena knew " + peer.host.name +
                             " no more as a link to a pod, or its chains were not whole");
      keep(kernel_.firewall->add_host_link(peer.host.name, node, wanted_.marks));
    }
    for (const IpAddress& address : peer.pod->addresses) {
      if (!TRY(kernel_.firewall->is_marked({address, peer.pod->slot}, wanted_.marks))) {
        repair_.lost.push_back("mark of " + address.to_string() + " (slot " +
                               std::to_string(peer.pod->slot) + ") is gone");
        keep(kernel_.firewall->mark({address}, peer.pod->slot, wanted_.marks));
      }
    }
    return {};
  }

  // A DEL that came in between had deleted the link before it took away the last of the pod: what
  // was mended of a pod without a link is to go again.
  Status leave_out_gone() {
    for (const Peer& peer : repair_.lost.empty() ? std::vector<Peer>() : peers_) {
      const Result<Link> link = kernel_.routes->find_link(peer.host.name);
      if (!link.ok() && link.error().is(base::ErrorKind::kNotFound)) {
        TRY(remove_host_peer(*kernel_.routes, kernel_.firewall,
                             {.attachment = peer.pod->attachment,
                              .addresses = peer.pod->addresses,
                              .slot = peer.pod->slot}));
      }
    }
    return {};
  }

  static std::vector<base::Family> families_of(const OwnNic& pod) {
    std::vector<base::Family> families;
    std::ranges::transform(pod.addresses, std::back_inserter(families), &IpAddress::family);
    return families;
  }

  const enilink::Kernel& kernel_;
  const OwnNics& wanted_;
  std::vector<Peer> peers_;
  std::vector<Request> requests_;
  enilink::Repair repair_;
};

}  // namespace

Result<enilink::Repair> repair_host_peers(const enilink::Kernel& kernel, const OwnNics& wanted) {
  return Inspection(kernel, wanted).repair();
}

}  // namespace catena::podnic
