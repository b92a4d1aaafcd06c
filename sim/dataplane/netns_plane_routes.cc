// Route entries of the VPC, and ENIs that come home.
#include <array>
#include <cerrno>
#include <poll.h>
#include <utility>

#include "common/base/error_list.h"
#include "sim/netns_plane.h"

namespace catena::sim {

using base::Prefix;

const NetnsPlane::Nic* NetnsPlane::next_hop(const std::string& id) const {
  const auto node = nodes_.find(id);
  const auto nic = nics_.find(node == nodes_.end() ? id : node->second.primary);
  return nic == nics_.end() ? nullptr : &nic->second;
}

std::vector<Prefix> NetnsPlane::entries_to(const Nic& nic) const {
  std::vector<Prefix> entries;
  const auto collect = [&](const std::string& hop) {
    const auto found = destinations_.find(hop);
    if (found != destinations_.end()) {
      entries.insert(entries.end(), found->second.begin(), found->second.end());
    }
  };
  collect(nic.spec.id);
  const auto node = nodes_.find(nic.node);
  if (node != nodes_.end() && node->second.primary == nic.spec.id) {
    collect(nic.node);
  }
  return entries;
}

base::Status NetnsPlane::place(const Prefix& destination, const std::string& hop) {
  const Nic* nic = next_hop(hop);
  return nic != nullptr ? router_->route({destination}, nic->port)
                        : router_->route_to_nowhere(destination);
}

base::Status NetnsPlane::set_routes(const std::vector<PlaneRoute>& routes) {
  const std::lock_guard lock(mutex_);
  std::map<Prefix, std::string> wanted;
  for (const PlaneRoute& route : routes) {
    wanted[Prefix(route.destination.network(), route.destination.length())] = route.next_hop;
  }
  base::ErrorList failures;
  for (const auto& [destination, hop] : routes_) {
    if (!wanted.contains(destination)) {
      failures.add(router_->unroute(destination));
    }
  }
  for (const auto& [destination, hop] : wanted) {
    const auto present = routes_.find(destination);
    if (present == routes_.end() || present->second != hop) {
      failures.add(place(destination, hop));
    }
  }
  routes_ = std::move(wanted);
  destinations_.clear();
  for (const auto& [destination, hop] : routes_) {
    destinations_[hop].insert(destination);
  }
  return failures.to_status().context("set the VPC's route entries");
}

void NetnsPlane::watch_links() {
  for (;;) {
    std::array<pollfd, 2> waiting{{{watch_.fd(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (waiting[1].revents != 0) {
      return;
    }
    const LinkWatch::News news = watch_.read();
    const std::lock_guard lock(mutex_);
    for (const int index : news.gone) {
      come_home(index);
    }
    if (news.missed) {
      find_lost();
    }
  }
}

void NetnsPlane::come_home(int port_index) {
  const auto found = nic_at_.find(port_index);
  if (found == nic_at_.end()) {
    return;  // one that was unplugged
  }
  Nic& nic = nics_.at(found->second);
  nic_at_.erase(found);
  base::ErrorList failures;
  failures.add(router_->remove_port(nic.port));
  failures.add(connect(nic));
  const base::Status home = failures.to_status().context("bring home ENI " + nic.spec.id);
  if (!home.ok() && options_.report) {
    options_.report(home.error());
  }
}

void NetnsPlane::find_lost() {
  const std::map<int, std::string> present = nic_at_;
  for (const auto& [index, id] : present) {
    if (!router_->is_there(nics_.at(id).port)) {
      come_home(index);
    }
  }
}

}  // namespace catena::sim
