#include "agent/gc.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "agent/gc_kernel.h"
#include "agent/gc_owners.h"
#include "agent/gc_waiting.h"
#include "common/base/error_list.h"
#include "common/enilink/routing.h"
#include "common/podlink/names.h"
#include "common/podnic/pod_nic.h"

namespace catena::agent {
namespace {

using base::Result;
using base::Status;
using Json = nlohmann::json;

// What the kernel and the store say, and what follows.
class Collection {
 public:
  Collection(ipam::Store& store, netlink::Socket& node, firewall::Table* table,
             const KernelView& view, const Owners& owners)
      : store_(store), node_(node), table_(table), view_(view), owners_(owners) {}

  // Finds first and removes then, addresses last: nobody gets one before it is out of use.
  Collected run(const PodsSeen* pods, bool dry_run) {
    find_links(pods);
    find_routes();
    find_rules();
    find_firewall();
    find_addresses();
    if (!dry_run) {
      remove();
    }
    for (const base::Error& error : failures_.errors()) {
      collected_.failures.push_back(error);
    }
    return std::move(collected_);
  }

 private:
  void garbage(const char* kind, std::string what, std::string why) {
    collected_.garbage.push_back({kind, std::move(what), std::move(why)});
  }

  // As long as there is a link there is a namespace, and in it maybe a pod that a lost store
  // forgot: only together with the API server's word it is garbage.
  void find_links(const PodsSeen* pods) {
    for (const netlink::Link& link : view_.links) {
      if (owners_.alive.contains(link.name)) {
        continue;
      }
      const std::string whose = link.alias.empty() ? "" : " of " + link.alias;
      if (pods != nullptr && !link.alias.empty() && !pods->present.contains(link.alias)) {
        links_.push_back(link);
        garbage("link", link.name,
                "the store knows no owner, and the API server has no pod " + link.alias +
                    " on this node");
      } else {
        collected_.doubtful.push_back(
            {"link", link.name + whose, "the store knows no owner, but its namespace lives"});
      }
    }
  }

  // Of a link without an owner they share its fate.
  void find_routes() {
    for (const netlink::Route& route : view_.routes) {
      const std::string& link = view_.find_link(route.if_index)->name;
      if (owners_.alive.contains(link) && !owners_.owns(link, route.destination.address())) {
        routes_.push_back(route);
        garbage("route", route.destination.to_string() + " dev " + link,
                "the pod of that link does not have this address");
      }
    }
  }

  bool is_nobodys(const base::IpAddress& address) const {
    return !owners_.owned(address) && !view_.has_route_to(address);
  }

  void find_rules() {
    for (const netlink::Rule& rule : view_.source_rules) {
      if (is_nobodys(rule.from->address())) {
        rules_.push_back(rule);
        garbage("rule", std::to_string(rule.priority) + ": from " + rule.from->to_string(),
                "no pod has this address");
      }
    }
    for (const netlink::Rule& rule : view_.peer_rules) {
      const int slot = static_cast<int>(rule.priority - enilink::mark_priority_of(0));
      if (!owners_.own_slots.contains(slot)) {
        rules_.push_back(rule);
        garbage("rule", std::to_string(rule.priority) + ": lookup " + std::to_string(rule.table),
                "no pod has the ENI of that number as its own");
      }
    }
    for (const int slot : view_.idle_slots) {
      if (!owners_.slots.contains(slot)) {
        slots_.push_back(slot);
        garbage("rule",
                std::to_string(enilink::mark_priority_of(slot)) + ": lookup " +
                    std::to_string(enilink::table_of(slot)),
                "the store knows no ENI of that number, and its table is empty");
      }
    }
  }

  bool is_gone(const std::string& link_name) {
    const auto link = node_.find_link(link_name);
    return !link.ok() && link.error().is(base::ErrorKind::kNotFound) &&
           !owners_.alive.contains(link_name);
  }

  void find_firewall() {
    for (const std::string& link : view_.host_links) {
      if (is_gone(link)) {
        host_links_.push_back(link);
        garbage("host link", link, "the link is gone");
      }
    }
    for (const firewall::Entry& entry : view_.entries) {
      if (is_gone(entry.if_name)) {
        entries_.push_back(entry);
        garbage("guard", entry.if_name + " " + entry.address.to_string(), "its link is gone");
      }
    }
    for (const firewall::Marked& marked : view_.marked) {
      if (is_nobodys(marked.address)) {
        marked_.push_back(marked.address);
        garbage("mark", marked.address.to_string(), "no pod has this address");
      }
    }
    for (const firewall::Masqueraded& pod : view_.masqueraded) {
      if (is_nobodys(pod.address)) {
        masqueraded_.push_back(pod);
        garbage("masquerade", pod.address.to_string() + " in " + pod.set,
                "no pod has this address");
      }
    }
  }

  void find_addresses() {
    const auto name_of = [](const Attached& attached, const base::IpAddress& address) {
      return address.to_string() + (attached.owner.pod.empty() ? "" : " of " + attached.owner.pod) +
             " (container " + attached.owner.container_id + ")";
    };
    for (const DeadOwner& dead : owners_.dead) {
      for (const base::IpAddress& address : dead.attached.addresses) {
        garbage("address", name_of(dead.attached, address), dead.why);
      }
    }
    for (const DeadOwner& doubtful : owners_.doubtful) {
      for (const base::IpAddress& address : doubtful.attached.addresses) {
        collected_.doubtful.push_back(
            {"address", name_of(doubtful.attached, address), doubtful.why});
      }
    }
  }

  void remove() {
    std::vector<netlink::Request> requests;
    requests.reserve(links_.size() + routes_.size() + rules_.size());
    std::ranges::transform(links_, std::back_inserter(requests), netlink::delete_link);
    std::ranges::transform(routes_, std::back_inserter(requests), netlink::delete_route);
    std::ranges::transform(rules_, std::back_inserter(requests), netlink::delete_rule);
    if (!requests.empty()) {
      failures_.add(node_.send(std::move(requests)));
    }
    for (const int slot : slots_) {
      failures_.add(enilink::remove_eni({&node_, table_}, slot));
    }
    remove_from_firewall();
    if (failures_.empty()) {
      free_addresses();
    }
  }

  void remove_from_firewall() {
    for (const std::string& link : host_links_) {
      failures_.add(table_->remove_host_link(link));
    }
    if (!entries_.empty()) {
      failures_.add(table_->leave(entries_));
    }
    if (!marked_.empty()) {
      failures_.add(table_->unmark(marked_));
    }
    if (!masqueraded_.empty()) {
      failures_.add(table_->stop_masquerade(masqueraded_));
    }
  }

  void free_addresses() {
    for (const DeadOwner& dead : owners_.dead) {
      const cni::Attachment& attachment = dead.attached.attachment;
      const auto released = dead.attached.own_eni.has_value()
                                ? free_eni(dead.attached)
                                : store_.release(attachment.container_id, attachment.if_name);
      failures_.add(released.ok() ? Status() : Status(released.error()));
    }
  }

  // A NIC whose namespace died is on the node again, but under the pod's name and alias.
  Result<std::vector<ipam::Record>> free_eni(const Attached& attached) {
    const ipam::Eni& eni = *attached.own_eni;
    TRY(podnic::bring_home(
            node_,
            {.mac = eni.mac, .if_name = attached.attachment.if_name, .netns = attached.owner.netns})
            .context(eni.id));
    return store_.release_eni(attached.attachment.container_id, attached.attachment.if_name);
  }

  ipam::Store& store_;
  netlink::Socket& node_;
  firewall::Table* table_;
  const KernelView& view_;
  const Owners& owners_;
  std::vector<netlink::Link> links_;
  std::vector<netlink::Route> routes_;
  std::vector<netlink::Rule> rules_;
  std::vector<int> slots_;
  std::vector<std::string> host_links_;
  std::vector<firewall::Entry> entries_;
  std::vector<base::IpAddress> marked_;
  std::vector<firewall::Masqueraded> masqueraded_;
  Collected collected_;
  base::ErrorList failures_;
};

Json json_of(const std::vector<Found>& found) {
  Json json = Json::array();
  for (const Found& one : found) {
    json.push_back({{"kind", one.kind}, {"what", one.what}, {"why", one.why}});
  }
  return json;
}

}  // namespace

Result<Collected> collect_garbage(const std::string& state_dir, const PodsSeen* pods,
                                  const GcOptions& options) {
  ipam::Store store(state_dir, {});
  netlink::Socket node = TRY(netlink::Socket::open());
  std::optional<firewall::Table> firewall = TRY(open_firewall());
  firewall::Table* const table = firewall.has_value() ? &*firewall : nullptr;
  const KernelView view = TRY(look_at_kernel(node, table).context("look at the kernel"));
  const Owners owners =
      TRY(find_owners(store, node, pods, options.older_than).context("look at the store"));
  Collected collected = Collection(store, node, table, view, owners).run(pods, options.dry_run);
  for (std::string& file : sweep_waiting(state_dir, options)) {
    collected.garbage.push_back({"waiting", std::move(file), "nobody waits with it any more"});
  }
  return collected;
}

Result<Json> answer_gc(LocalDuty& duty, base::Fields& args) {
  constexpr std::int64_t kMostSeconds = 86'400;
  GcOptions options;
  options.dry_run = TRY(args.boolean("dryRun")).value_or(false);
  options.older_than = std::chrono::seconds(
      TRY(args.integer("olderThan", 0, kMostSeconds)).value_or(options.older_than.count()));
  TRY(args.no_unknown_keys());
  const Collected collected = TRY(collect_garbage(duty.state_dir, duty.pods, options));
  for (const base::Error& failure : collected.failures) {
    duty.notices.push_back("not removed: " + failure.text());
  }
  return Json{{"dryRun", options.dry_run},
              {"garbage", json_of(collected.garbage)},
              {"doubtful", json_of(collected.doubtful)}};
}

}  // namespace catena::agent
