#include <algorithm>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/agent.h"
#include "cli/conflist.h"
#include "cli/eni_nics.h"
#include "cli/install.h"
#include "cli/store_view.h"
#include "common/base/fields.h"
#include "common/enilink/numbers.h"
#include "common/firewall/backend.h"
#include "common/firewall/batch.h"
#include "common/firewall/objects.h"
#include "common/firewall/table.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "common/netpol/record.h"
#include "common/podlink/names.h"
#include "common/shaping/shaping.h"

namespace catena::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Status;
using Json = nlohmann::json;

// Says what is done, or with --dry-run what would be.
class Steps {
 public:
  explicit Steps(bool dry_run) : dry_run_(dry_run) {}

  template <typename Work>
  Status step(const std::string& what, Work work) {
    if (!dry_run_) {
      TRY(Status(work()).context(what));
    }
    done_.push_back(what);
    return {};
  }

  Report report() const {
    Report report;
    for (const std::string& what : done_) {
      report.text.append(dry_run_ ? "would " : "").append(what).append("\n");
    }
    report.json = base::print_json(Json{{"dryRun", dry_run_}, {"steps", done_}});
    return report;
  }

 private:
  bool dry_run_;
  std::vector<std::string> done_;
};

Status remove_file(const std::string& path) {
  std::error_code failure;
  fs::remove_all(path, failure);
  return failure ? Status(Error::from_errno(failure.value(), "remove " + path)) : Status();
}

// What the store knows; nothing where there is no store.
struct Known {
  std::vector<ipam::Record> records;
  ipam::CloudRecords cloud;
};

base::Result<Known> read_store(const Options& options) {
  Known known;
  auto store = open_store(options);
  if (!store.ok()) {
    return store.error().is(ErrorKind::kNotFound) ? base::Result<Known>(std::move(known))
                                                  : base::Result<Known>(store.error());
  }
  known.records = TRY(store->list());
  known.cloud = TRY(store->cloud());
  return known;
}

Status refuse_while_used(const Options& options, const Known& known) {
  if (!options.dry_run && TRY(agent_answers())) {
    return Error(ErrorKind::kExists, "an agent answers at " + agent_socket() +
                                         ": it would make anew what is taken away")
        .advice("stop it first: kubectl -n kube-system delete daemonset catena");
  }
  const auto pods = std::ranges::count_if(known.records, [](const ipam::Record& record) {
    return record.state == ipam::State::kBound && record.owner.if_name != ipam::kIntentInterface;
  });
  if (pods != 0 && !options.force && !options.dry_run) {
    return Error(ErrorKind::kExists,
                 std::to_string(pods) + " addresses of this node are held by pods")
        .advice("drain the node first (catena ipam list names them); --force cuts them off");
  }
  return {};
}

Status remove_conflists(const Options& options, Steps& steps) {
  for (const std::string& path : TRY(conflists_in(options.conf_dir))) {
    const auto conflist = read_conflist(path);
    if (conflist.ok() && conflist->is_ours()) {
      TRY(steps.step("remove " + path, [&path] { return remove_file(path); }));
    }
  }
  return {};
}

Status free_owner(const Options& options, const ipam::Owner& owner) {
  ipam::Store store = TRY(open_store(options));
  TRY(release_all(store, owner));
  return {};
}

// Of pods that --force cut off.
Status free_addresses(const Options& options, const Known& known, Steps& steps) {
  for (const ipam::Record& record : known.records) {
    if (record.state == ipam::State::kBound) {
      TRY(steps.step("free " + record.address.to_string() + " of " + record.owner.pod,
                     [&] { return free_owner(options, record.owner); }));
    }
  }
  return {};
}

Status have_done(const Options& options, const std::string& duty, const Json& args) {
  TRY(ask_agent(options, duty, args));
  return {};
}

Status give_back(const Options& options, const Known& known, Steps& steps) {
  for (const ipam::Eni& eni : known.cloud.enis) {
    const Json args{{"eni", eni.id}};
    TRY(steps.step("release " + eni.id + " and delete it",
                   [&] { return have_done(options, "release", args); }));
  }
  for (const ipam::Route& route : known.cloud.routes) {
    const std::string cidr = route.cidr.to_string();
    const Json args{{"cidrs", {cidr}}};
    TRY(steps.step("remove the VPC's route entry for " + cidr,
                   [&] { return have_done(options, "route.remove", args); }));
  }
  return {};
}

Status remove_routing(netlink::Socket& node, const Known& known, Steps& steps) {
  std::set<std::uint32_t> tables{netlink::kMainTable, enilink::kPodsTable,
                                 enilink::kHostPeersTable};
  for (const ipam::Eni& eni : known.cloud.enis) {
    tables.insert(enilink::table_of(eni.slot));
  }
  for (const netlink::Rule& rule : TRY(node.list_rules())) {
    if (rule.protocol == netlink::kProtocol) {
      tables.insert(rule.table);
      TRY(steps.step("delete the rule of priority " + std::to_string(rule.priority) + " (" +
                         (rule.family == base::Family::kIpv4 ? "IPv4" : "IPv6") + ")",
                     [&] { return node.send(netlink::delete_rule(rule)); }));
    }
  }
  for (const std::uint32_t table : tables) {
    for (const netlink::Route& route : TRY(node.list_routes(table))) {
      if (route.protocol == netlink::kProtocol) {
        TRY(steps.step("delete the route to " + route.destination.to_string() + " of table " +
                           std::to_string(table),
                       [&] { return node.send(netlink::delete_route(route)); }));
      }
    }
  }
  return {};
}

Status remove_from_kernel(const Known& known, Steps& steps) {
  auto node = TRY(netlink::Socket::open());
  for (const netlink::Link& link : TRY(node.list_links())) {
    const bool is_pods = link.kind == "veth" && link.name.starts_with(podlink::kHostLinkPrefix);
    const bool is_limit = link.kind == "ifb" && link.name.starts_with(shaping::kIfbPrefix);
    if (is_pods || is_limit) {
      TRY(steps.step("delete link " + link.name + " (" + link.alias + ")",
                     [&] { return node.send(netlink::delete_link(link)); }));
    }
  }
  return remove_routing(node, known, steps);
}

// Of the calling thread's namespace. Success where the kernel has no nf_tables.
Status delete_our_table() {
  auto socket = firewall::open_socket();
  if (!socket.ok()) {
    return socket.error().is(ErrorKind::kUnsupported) ? Status() : Status(socket.error());
  }
  firewall::Batch batch;
  batch.add(firewall::delete_table("catena"));
  return batch.commit(socket->get());
}

Status delete_our_table_in(const netlink::NetNs& pod) {
  const auto inside = TRY(netlink::ScopedNetNs::enter(pod));
  return delete_our_table();
}

// Inside pods that have a NIC of their own and live on.
Status remove_policies_of_pods(const Options& options, Steps& steps) {
  std::vector<std::string> notices;
  for (const netpol::Record& record : TRY(netpol::Records(options.state_dir).list(notices))) {
    const auto pod = netlink::NetNs::open(record.netns);
    if (!record.own_nic || !pod.ok()) {
      continue;
    }
    const std::string whose = record.pod_namespace + "/" + record.pod_name;
    TRY(steps.step("delete table inet catena inside " + whose,
                   [&pod] { return delete_our_table_in(*pod); }));
  }
  return {};
}

// Those of catena-xtables, wherever that program is: beside this one, or where plugins are.
Status remove_iptables(const Options& options, Steps& steps) {
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  const auto xtables = firewall::Xtables::find({self.parent_path().string(), options.bin_dir});
  if (!xtables.ok()) {
    return {};
  }
  const auto held = xtables->differences({});
  if (!held.ok() && !held.error().is(ErrorKind::kUnsupported)) {
    return Error(held.error()).context("look for rules of catena-xtables");
  }
  return !held.ok() || held->empty()
             ? Status()
             : steps.step("remove the rules and sets of catena-xtables (iptables, ipset)",
                          [&xtables] { return xtables->remove_all(); });
}

Status remove_firewall(const Options& options, Steps& steps) {
  TRY(remove_policies_of_pods(options, steps));
  TRY(steps.step("delete table inet catena", delete_our_table));
  return remove_iptables(options, steps);
}

Status remove_files(const Options& options, Steps& steps) {
  std::error_code failure;
  std::vector<std::string> paths{agent_socket()};
  // Nothing else than a store is removed with all it holds.
  if (fs::is_regular_file(options.state_dir + "/journal", failure)) {
    paths.push_back(options.state_dir);
  }
  for (fs::directory_iterator at(options.bin_dir, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string name = at->path().filename();
    if (name == "catena" || name.starts_with("catena-")) {
      paths.push_back(at->path());
    }
  }
  for (const std::string& path : paths) {
    if (fs::exists(path, failure)) {
      TRY(steps.step("remove " + path, [&path] { return remove_file(path); }));
    }
  }
  const fs::path run_dir = fs::path(agent_socket()).parent_path();
  if (!options.dry_run && run_dir.filename() == "catena") {
    fs::remove(run_dir, failure);  // fails where something else is in it
  }
  return {};
}

}  // namespace

base::Result<Report> uninstall(const Options& options) {
  const Known known = TRY(read_store(options));
  TRY(refuse_while_used(options, known));
  Steps steps(options.dry_run);
  TRY(remove_conflists(options, steps));
  TRY(remove_from_kernel(known, steps));
  TRY(remove_firewall(options, steps));
  TRY(free_addresses(options, known, steps));
  TRY(give_back(options, known, steps));
  TRY(remove_files(options, steps));
  return steps.report();
}

}  // namespace catena::cli
