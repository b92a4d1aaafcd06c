// catena ipam check: four witnesses of which address is whose.
#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/agent.h"
#include "cli/eni_nics.h"
#include "cli/findings.h"
#include "cli/ipam.h"
#include "cli/node_cloud.h"
#include "cli/store_view.h"
#include "common/enilink/numbers.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using ipam::Record;
using ipam::State;
using Json = nlohmann::json;
using Records = std::map<IpAddress, Record>;

struct KernelView {
  std::map<IpAddress, std::string> links;  // by the address that a host route leads to
  std::vector<firewall::Entry> entered;
  std::set<std::string> own_enis;  // exclusive ones, by id
};

// What a witness of the cloud says of one ENI.
struct EniView {
  std::set<IpAddress> addresses;
  std::vector<base::Prefix> prefixes;

  bool has(const IpAddress& address) const {
    return addresses.contains(address) ||
           std::ranges::any_of(prefixes, [&address](const base::Prefix& prefix) {
             return prefix.contains(address);
           });
  }
};

base::Result<Records> read_records(ipam::Store& store) {
  Records records;
  for (Record& record : TRY(store.list())) {
    const IpAddress address = record.address;
    records.emplace(address, std::move(record));
  }
  return records;
}

std::string whose(const Record& record) {
  return record.owner.pod.empty() ? "container " + record.owner.container_id
                                  : "pod " + record.owner.pod;
}

Finding differs(const IpAddress& address, std::string text, std::string advice) {
  return {address.to_string(), Verdict::kBad, std::move(text), std::move(advice)};
}

base::Result<KernelView> read_kernel(const std::vector<ipam::Eni>& enis) {
  KernelView view;
  for (const ipam::Eni& eni : enis) {
    if (eni.mode == ipam::kExclusiveMode) {
      view.own_enis.insert(eni.id);
    }
  }
  auto node = TRY(netlink::Socket::open());
  std::map<int, std::string> names;
  for (const netlink::Link& link : TRY(node.list_links())) {
    names[link.index] = link.name;
  }
  for (const std::uint32_t table :
       {netlink::kMainTable, enilink::kPodsTable, enilink::kHostPeersTable}) {
    for (const netlink::Route& route : TRY(node.list_routes(table))) {
      const bool is_host = route.destination.length() == route.destination.address().bits();
      if (route.protocol == netlink::kProtocol && is_host &&
          names[route.if_index].starts_with(podlink::kHostLinkPrefix)) {
        view.links[route.destination.address()] = names[route.if_index];
      }
    }
  }
  auto table = firewall::Table::open();
  auto entries =
      table.ok() ? table->entries() : base::Result<std::vector<firewall::Entry>>(table.error());
  const bool has_none = !entries.ok() && (entries.error().is(ErrorKind::kUnsupported) ||
                                          entries.error().is(ErrorKind::kNotFound));
  if (!entries.ok() && !has_none) {
    return entries.error();
  }
  if (entries.ok()) {
    view.entered = std::move(*entries);
  }
  return view;
}

void compare_bound(const Record& record, const KernelView& kernel, Findings& findings) {
  const auto route = kernel.links.find(record.address);
  if (route == kernel.links.end() && kernel.own_enis.contains(record.pool)) {
    return;  // a pod with a NIC of its own may do without a link to the node
  }
  const std::string expected =
      podlink::host_link_name({record.owner.container_id, record.owner.if_name});
  if (route == kernel.links.end()) {
    findings.push_back(differs(record.address,
                               whose(record) + " has it, but the kernel has no route to it",
                               "catena gc, or catena ipam release " + record.address.to_string() +
                                   " when the pod is gone; else delete the pod"));
  } else if (route->second != expected) {
    findings.push_back(differs(record.address,
                               whose(record) + " has it by " + expected +
                                   ", but the kernel's route leads to " + route->second,
                               "delete the pod to have its network made anew"));
  }
}

std::string state_of(const Records& records, const IpAddress& address) {
  const auto record = records.find(address);
  return record == records.end()
             ? "the store has no record of it"
             : std::string("in the store it is ") + ipam::name_of(record->second.state);
}

bool is_bound(const Records& records, const IpAddress& address) {
  const auto record = records.find(address);
  return record != records.end() && is_of_a_pod(record->second);
}

Findings compare_kernel(const Records& records, const KernelView& kernel) {
  Findings findings;
  for (const auto& [address, record] : records) {
    if (is_of_a_pod(record)) {
      compare_bound(record, kernel, findings);
    }
  }
  for (const auto& [address, link] : kernel.links) {
    if (!is_bound(records, address)) {
      findings.push_back(
          differs(address,
                  "the kernel has a route to it by " + link + ", but " + state_of(records, address),
                  "catena gc removes what no pod owns"));
    }
  }
  for (const firewall::Entry& entry : kernel.entered) {
    if (!is_bound(records, entry.address)) {
      findings.push_back(differs(
          entry.address,
          "the guard lets " + entry.if_name + " use it, but " + state_of(records, entry.address),
          "catena gc removes what no pod owns"));
    }
  }
  return findings;
}

// Who says something else than the store: "the metadata service", "the OpenAPI".
struct Witness {
  std::string name;
  std::string eni;  // that it was asked about
};

std::string only_in_store(const Witness& witness, State state) {
  return "the store has it on " + witness.eni + " (" + ipam::name_of(state) + "), " + witness.name +
         " does not";
}

// `pool`: what the store has it in; empty: it has no record of it.
std::string not_in_store(const Witness& witness, const std::string& pool) {
  return witness.name + " has it on " + witness.eni + ", the store has " +
         (pool.empty() ? "no record of it" : "it in " + pool);
}

void compare_eni(const Witness& witness, const EniView& view, const Records& records,
                 Findings& findings) {
  for (const auto& [address, record] : records) {
    if (record.pool == witness.eni && record.state != State::kReserved && !view.has(address)) {
      findings.push_back(differs(address, only_in_store(witness, record.state),
                                 "witnesses of the cloud may lag by some seconds: look again, then "
                                 "catena-agent call recover"));
    }
  }
  for (const IpAddress& address : view.addresses) {
    const auto record = records.find(address);
    const std::string pool = record == records.end() ? std::string() : record->second.pool;
    if (pool != witness.eni) {
      findings.push_back(
          differs(address, not_in_store(witness, pool), "catena-agent call recover"));
    }
  }
}

Finding not_looked_at(const std::string& witness, const Error& why) {
  return {witness, Verdict::kUnknown, "was not asked: " + why.message(), why.advice()};
}

bool is_attached(const ipam::Eni& eni) { return eni.state == ipam::EniState::kInUse; }

Finding missing_eni(const std::string& eni, const std::string& witness) {
  return {eni, Verdict::kBad, "is in use by the store, but " + witness + " does not know it",
          "look again after some seconds, then catena-agent call recover"};
}

base::Result<Findings> compare_metadata(const Options& options, const std::vector<ipam::Eni>& enis,
                                        const Records& records) {
  Findings findings;
  const NodeCloud node = TRY(open_node_cloud(options));
  for (const ipam::Eni& eni : enis) {
    if (!is_attached(eni)) {
      continue;
    }
    const auto seen = TRY(node.metadata->eni(eni.mac));
    if (!seen) {
      findings.push_back(missing_eni(eni.id, "the metadata service"));
      continue;
    }
    EniView view;
    view.addresses.insert(seen->private_ips.begin(), seen->private_ips.end());
    view.addresses.insert(seen->ipv6s.begin(), seen->ipv6s.end());
    view.prefixes = seen->ipv4_prefixes;
    view.prefixes.insert(view.prefixes.end(), seen->ipv6_prefixes.begin(),
                         seen->ipv6_prefixes.end());
    compare_eni({"the metadata service", eni.id}, view, records, findings);
  }
  return findings;
}

template <typename Parse, typename Take>
base::Status for_each_text(const Json& object, const char* key, Parse parse, Take take) {
  const auto list = object.find(key);
  if (list == object.end() || !list->is_array()) {
    return {};
  }
  for (const Json& entry : *list) {
    take(TRY(parse(entry.is_string() ? entry.get_ref<const std::string&>() : entry.dump())));
  }
  return {};
}

base::Result<std::map<std::string, EniView>> enis_in(const Json& described) {
  std::map<std::string, EniView> views;
  const auto enis = described.find("enis");
  if (enis == described.end() || !enis->is_array()) {
    return Error(ErrorKind::kInternal, "the duty describe names no ENIs");
  }
  for (const Json& eni : *enis) {
    EniView& view = views[eni.value("id", std::string())];
    TRY(for_each_text(eni, "addresses", IpAddress::parse,
                      [&view](const IpAddress& address) { view.addresses.insert(address); }));
    TRY(for_each_text(eni, "prefixes", base::Prefix::parse,
                      [&view](const base::Prefix& prefix) { view.prefixes.push_back(prefix); }));
  }
  return views;
}

base::Result<Findings> compare_openapi(const Options& options, const std::vector<ipam::Eni>& enis,
                                       const Records& records) {
  Findings findings;
  const Json described = TRY(ask_agent(options, "describe", Json::object()));
  const auto views = TRY(enis_in(described));
  for (const ipam::Eni& eni : enis) {
    const auto view = views.find(eni.id);
    if (view != views.end()) {
      compare_eni({"the OpenAPI", eni.id}, view->second, records, findings);
    } else if (is_attached(eni)) {
      findings.push_back(missing_eni(eni.id, "the OpenAPI"));
    }
  }
  return findings;
}

base::Result<Findings> compare_nics(ipam::Store& store, const std::vector<ipam::Eni>& enis) {
  auto node = TRY(netlink::Socket::open());
  const std::vector<Record> records = TRY(store.list());
  return misplaced_nics(node, enis, records);
}

void add(Findings& all, const std::string& witness, base::Result<Findings> more) {
  if (!more.ok()) {
    all.push_back(not_looked_at(witness, more.error()));
    return;
  }
  std::ranges::move(*more, std::back_inserter(all));
}

// Without those that a pod got or gave back while the witnesses were asked.
void drop_changing(const Records& before, const Records& after, Findings& findings) {
  std::erase_if(findings, [&](const Finding& finding) {
    const auto address = IpAddress::parse(finding.subject);
    if (!address.ok()) {
      return false;
    }
    const auto first = before.find(*address);
    const auto second = after.find(*address);
    if (first == before.end() || second == after.end()) {
      return (first == before.end()) != (second == after.end());
    }
    return first->second.generation != second->second.generation ||
           first->second.state != second->second.state;
  });
}

}  // namespace

base::Result<Report> ipam_check(const Options& options) {
  ipam::Store store = TRY(open_store(options));
  const Records records = TRY(read_records(store));
  const ipam::CloudRecords cloud = TRY(store.cloud());
  Findings findings = compare_kernel(records, TRY(read_kernel(cloud.enis)));
  add(findings, "NICs", compare_nics(store, cloud.enis));
  if (!cloud.enis.empty()) {
    add(findings, "metadata", compare_metadata(options, cloud.enis, records));
    add(findings, "OpenAPI", compare_openapi(options, cloud.enis, records));
  }
  drop_changing(records, TRY(read_records(store)), findings);
  if (findings.empty()) {
    findings.push_back(
        good("ipam", "store and kernel" +
                         std::string(cloud.enis.empty() ? "" : ", metadata and OpenAPI") +
                         " agree about " + std::to_string(records.size()) + " addresses"));
  }
  return report_of(findings);
}

}  // namespace catena::cli
