#include "common/enilink/repair.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "common/enilink/eni_plan.h"
#include "common/enilink/nic.h"
#include "common/enilink/node_rules.h"

namespace catena::enilink {
namespace {

using base::Error;
using base::IpAddress;
using base::Result;
using base::Status;
using netlink::Link;
using netlink::Request;

// Whoever added it: to the kernel it is the same rule, which it will not have twice.
bool same_rule(netlink::Rule a, const netlink::Rule& b) {
  a.protocol = b.protocol;
  return a == b;
}

// "add IPv4 rule 512 lookup 20200" -> "IPv4 rule 512 lookup 20200"
std::string object_of(const Request& request) {
  const std::size_t verb = request.what.find(' ');
  return verb == std::string::npos ? request.what : request.what.substr(verb + 1);
}

// One look at the kernel, and what follows from it.
class Inspection {
 public:
  Inspection(const Kernel& kernel, const State& state) : kernel_(kernel), state_(state) {}

  Status look() {
    rules_ = TRY(kernel_.routes->list_rules());
    links_ = TRY(kernel_.routes->list_links());
    std::ranges::for_each(node_rules(state_.routing), [this](const auto& r) { expect_rule(r); });
    for (const HostEni& eni : state_.enis) {
      ways_[eni.slot] = Way::kUnknown;
      TRY(look_at_eni(eni));
    }
    TRY(look_at_pods());
    return look_at_marks();
  }

  std::vector<std::string> take_lost() { return std::move(lost_); }
  std::vector<Error> take_missing() { return std::move(missing_); }
  bool nothing_lost() const { return lost_.empty(); }

  // Sends everything; what fails does not stop the rest.
  std::vector<Error> mend() {
    std::vector<Error> failed;
    const auto keep = [&failed](Status status) {
      if (!status.ok()) {
        failed.push_back(std::move(status).error());
      }
    };
    for (auto& [link, mending] : of_enis_) {
      keep(enilink::mend(kernel_, link, mending));
    }
    keep(kernel_.routes->send(std::move(requests_)));
    if (marks_lost_) {
      keep(kernel_.firewall->ensure_marks(state_.routing.marks));
    }
    for (const auto& [slot, addresses] : to_mark_) {
      keep(kernel_.firewall->mark(addresses, slot, state_.routing.marks));
    }
    keep(leave_out_gone());
    return failed;
  }

 private:
  // By which what pods of a slot send leaves.
  enum class Way { kEni, kMain, kUnknown };
  // What is found goes before what is said.
  Way way_of(const PodPath& pod) const {
    const auto known = ways_.find(pod.slot);
    if (known != ways_.end()) {
      return known->second;
    }
    return pod.by_main ? Way::kMain : Way::kEni;
  }

  void expect_rule(const netlink::Rule& rule) {
    const bool there = std::ranges::any_of(
        rules_, [&rule](const netlink::Rule& found) { return same_rule(found, rule); });
    if (!there) {
      requests_.push_back(netlink::add_rule(rule));
      lost_.push_back(object_of(requests_.back()) + " is gone");
    }
  }

  // Of this slot, under another mask or for another table; a family that this routing has not may
  // be another's.
  void refuse_other_rules(int slot, const std::vector<netlink::Rule>& wanted) {
    for (const netlink::Rule& found : rules_) {
      const bool is_of_slot =
          found.priority == mark_priority_of(slot) && found.protocol == netlink::kProtocol &&
          std::ranges::find(state_.routing.families, found.family) != state_.routing.families.end();
      const bool is_wanted = std::ranges::any_of(
          wanted, [&found](const netlink::Rule& rule) { return same_rule(found, rule); });
      if (is_of_slot && !is_wanted) {
        requests_.push_back(netlink::delete_rule(found));
        lost_.push_back(object_of(requests_.back()) + " is not as it should be");
      }
    }
  }

  Status look_at_eni(const HostEni& eni) {
    const auto link = std::ranges::find_if(
        links_, [&eni](const Link& one) { return one.mac == eni.mac && is_nic(one); });
    if (link == links_.end()) {
      missing_.push_back(no_such_link(eni));
      ways_[eni.slot] = Way::kEni;
      return {};
    }
    const Result<bool> primary = is_primary(kernel_, *link);
    if (!primary.ok()) {
      missing_.push_back(primary.error());
      return {};
    }
    ways_[eni.slot] = *primary ? Way::kMain : Way::kEni;
    if (*primary) {
      return {};
    }
    std::vector<netlink::Route> routes = TRY(kernel_.routes->list_routes(table_of(eni.slot)));
    const EniView view = TRY(look_at(kernel_, *link, std::move(routes)));
    Mending mending = compare(view, eni, state_.routing);
    lost_.insert(lost_.end(), mending.lost.begin(), mending.lost.end());
    of_enis_.emplace_back(*link, std::move(mending));
    const std::vector<netlink::Rule> wanted = rules_of(eni.slot, state_.routing);
    refuse_other_rules(eni.slot, wanted);
    std::ranges::for_each(wanted, [this](const netlink::Rule& rule) { expect_rule(rule); });
    return {};
  }

  // Pods whose link is there and up: others are being made or taken down.
  Status look_at_pods() {
    if (state_.pods.empty()) {
      return {};
    }
    std::map<std::string, const Link*> by_name;
    for (const Link& link : links_) {
      by_name.emplace(link.name, &link);
    }
    std::map<IpAddress, netlink::Route> routes;
    for (netlink::Route& route : TRY(kernel_.routes->list_routes(kPodsTable))) {
      routes.emplace(route.destination.address(), std::move(route));
    }
    for (const PodPath& pod : state_.pods) {
      const auto link = by_name.find(pod.if_name);
      if (link == by_name.end() || !link->second->up || way_of(pod) == Way::kUnknown) {
        continue;
      }
      present_.push_back(&pod);
      const auto found = routes.find(pod.address);
      expect_route(pod, link->second->index, found == routes.end() ? nullptr : &found->second);
      if (state_.routing.shape == Shape::kRules && way_of(pod) == Way::kEni) {
        expect_source_rule(pod);
      }
    }
    return {};
  }

  void expect_route(const PodPath& pod, int if_index, const netlink::Route* found) {
    netlink::Route wanted = host_route(pod, if_index);
    if (!pod.source && found != nullptr) {
      wanted.source = found->source;
    }
    if (found != nullptr && netlink::same_route(wanted, *found)) {
      return;
    }
    requests_.push_back(netlink::add_route(wanted, /*replace=*/true));
    requests_.back().ok_if_gone = true;  // the link
    lost_.push_back(object_of(requests_.back()) +
                    (found == nullptr ? " is gone" : " is not as it should be"));
    mended_.push_back(&pod);
  }

  void expect_source_rule(const PodPath& pod) {
    const std::size_t before = lost_.size();
    expect_rule(source_rule(pod));
    if (lost_.size() != before) {
      mended_.push_back(&pod);
    }
  }

  Status look_at_marks() {
    if (state_.routing.shape != Shape::kMarks) {
      return {};
    }
    if (kernel_.firewall == nullptr) {
      return Error(base::ErrorKind::kUnsupported, "the kernel has no nf_tables");
    }
    marks_lost_ = !TRY(kernel_.firewall->has_marks(state_.routing.marks));
    if (marks_lost_) {
      lost_.emplace_back("the chains of table inet catena that mark packets are not whole");
    }
    std::map<IpAddress, int> marked;
    for (const firewall::Marked& one : TRY(kernel_.firewall->marked())) {
      marked.emplace(one.address, one.slot);
    }
    std::map<int, bool> slot_is_whole;
    for (const PodPath* pod : present_) {
      if (way_of(*pod) == Way::kEni) {
        TRY(expect_mark(*pod, marked, slot_is_whole));
      }
    }
    return {};
  }

  Status expect_mark(const PodPath& pod, const std::map<IpAddress, int>& marked,
                     std::map<int, bool>& slot_is_whole) {
    const auto found = marked.find(pod.address);
    const bool has_slot = found != marked.end() && found->second == pod.slot;
    if (has_slot && !slot_is_whole.contains(pod.slot)) {
      slot_is_whole[pod.slot] =
          TRY(kernel_.firewall->is_marked({pod.address, pod.slot}, state_.routing.marks));
      if (!slot_is_whole[pod.slot] && !marks_lost_) {
        lost_.push_back("chain slot-" + std::to_string(pod.slot) +
                        " of table inet catena is not whole");
      }
    }
    if (has_slot && slot_is_whole[pod.slot]) {
      return {};
    }
    if (!has_slot) {
      lost_.push_back("mark of " + pod.address.to_string() + " (slot " + std::to_string(pod.slot) +
                      ") is gone");
    }
    to_mark_[pod.slot].push_back(pod.address);
    mended_.push_back(&pod);
    return {};
  }

  // A DEL that came in between had deleted the link before it took away the last of the pod: what
  // was mended of a pod without a link is to go again.
  Status leave_out_gone() {
    std::vector<IpAddress> gone;
    for (const PodPath* pod : mended_) {
      const Result<Link> link = kernel_.routes->find_link(pod->if_name);
      if (!link.ok() && link.error().is(base::ErrorKind::kNotFound)) {
        gone.push_back(pod->address);
      }
    }
    return gone.empty() ? Status() : remove_pod(kernel_, gone);
  }

  const Kernel& kernel_;
  const State& state_;
  std::vector<netlink::Rule> rules_;
  std::vector<Link> links_;
  std::map<int, Way> ways_;
  std::vector<const PodPath*> present_;
  std::vector<const PodPath*> mended_;

  std::vector<std::string> lost_;
  std::vector<Error> missing_;
  std::vector<std::pair<Link, Mending>> of_enis_;
  std::vector<Request> requests_;
  bool marks_lost_ = false;
  std::map<int, std::vector<IpAddress>> to_mark_;
};

}  // namespace

Result<std::vector<std::string>> differences(const Kernel& kernel, const State& state) {
  Inspection inspection(kernel, state);
  TRY(inspection.look());
  std::vector<std::string> all;
  for (const Error& error : inspection.take_missing()) {
    all.push_back(error.message());
  }
  std::ranges::move(inspection.take_lost(), std::back_inserter(all));
  return all;
}

Result<Repair> repair_all(const Kernel& kernel, const State& state) {
  Inspection inspection(kernel, state);
  TRY(inspection.look());
  Repair repair;
  repair.failed = inspection.take_missing();
  if (!inspection.nothing_lost()) {
    std::ranges::move(inspection.mend(), std::back_inserter(repair.failed));
  }
  repair.lost = inspection.take_lost();
  return repair;
}

}  // namespace catena::enilink
