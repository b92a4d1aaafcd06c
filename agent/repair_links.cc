#include "agent/repair_links.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

#include "common/attachment/settings.h"
#include "common/base/file.h"
#include "common/ipam/range.h"
#include "common/podlink/names.h"
#include "common/podlink/node.h"
#include "common/podnic/repair.h"

namespace catena::agent {
namespace {

using attachment::FirewallKeys;
using base::Error;
using base::Fields;
using base::IpAddress;
using base::Result;
using base::Status;
using enilink::Kernel;
using enilink::Repair;
using firewall::Entry;

constexpr std::size_t kMostConflist = std::size_t{1} << 20U;  // bytes
constexpr const char* kEni = "catena-eni";
constexpr const char* kMultiip = "catena-multiip";
constexpr const char* kVpcRoute = "catena-vpc-route";

// As each plugin's own settings.cc has it.
Result<FirewallKeys> read_firewall_keys(Fields& plugin, const std::string& type) {
  attachment::LinkSettings settings;
  TRY(attachment::read_firewall(plugin, settings));
  FirewallKeys keys = settings.firewall_keys();
  if (type == kEni) {
    return FirewallKeys{
        .closed_until_policy = keys.closed_until_policy, .masquerade = true, .kept = {}};
  }
  if (type == kMultiip) {
    firewall::MarkSettings marks;
    TRY(attachment::read_marks(plugin, marks));
    keys.marks = marks;
    return keys;
  }
  for (const ipam::RangeSet& set : TRY(ipam::ranges_from(plugin))) {
    std::ranges::transform(set, std::back_inserter(keys.kept), [](const ipam::Range& range) {
      return base::Prefix(range.subnet.network(), range.subnet.length());
    });
  }
  return keys;
}

Result<OwnNicKeys> read_own_nic_keys(Fields& plugin) {
  attachment::LinkSettings settings;
  TRY(attachment::read_families(plugin, settings));
  OwnNicKeys keys{.families = settings.families, .marks = {}};
  TRY(attachment::read_marks(plugin, keys.marks));
  return keys;
}

// One pod's link, with what it has in the store.
struct PodLink {
  std::string plugin;  // that made it
  cni::Attachment attachment;
  std::string host_link;
  std::vector<IpAddress> addresses;
  int slot = 0;  // of its ENI
};

// A pod is of one network under one interface name, and all of its addresses are of one plugin.
std::vector<PodLink> links_of(const std::vector<ipam::Record>& records,
                              const std::vector<ipam::Eni>& enis, const std::string& network) {
  std::map<std::string, PodLink> links;
  for (const ipam::Record& record : records) {
    if (record.state != ipam::State::kBound || record.owner.network != network) {
      continue;
    }
    const auto eni = std::ranges::find(enis, record.pool, &ipam::Eni::id);
    const cni::Attachment attachment{record.owner.container_id, record.owner.if_name};
    PodLink& link = links[podlink::host_link_name(attachment)];
    link.attachment = attachment;
    link.addresses.push_back(record.address);
    link.plugin = kVpcRoute;
    if (eni != enis.end()) {
      link.plugin = eni->mode == ipam::kExclusiveMode ? kEni : kMultiip;
      link.slot = eni->slot;
    }
  }
  std::vector<PodLink> all;
  for (auto& [name, link] : links) {
    link.host_link = name;
    all.push_back(std::move(link));
  }
  return all;
}

// Guard and masquerade.
class Gates {
 public:
  Gates(const Kernel& kernel, const std::map<std::string, FirewallKeys>& keys)
      : routes_(*kernel.routes), table_(*kernel.firewall), keys_(keys) {}

  Result<Repair> repair(const std::vector<PodLink>& links) {
    TRY(find_present(links));
    if (!present_.empty()) {
      TRY(repair_guard());
      for (const auto& [plugin, keys] : keys_) {
        TRY(keys.masquerade ? repair_masquerade(plugin, keys) : Status());
      }
      TRY(repair_.lost.empty() ? Status() : leave_out_gone());
    }
    return std::move(repair_);
  }

 private:
  void keep(Status status) {
    if (!status.ok()) {
      repair_.failed.push_back(std::move(status).error());
    }
  }

  // Whose links are there and up: others are being made or taken down.
  Status find_present(const std::vector<PodLink>& links) {
    std::set<std::string> up;
    for (const netlink::Link& link : TRY(routes_.list_links())) {
      if (link.up) {
        up.insert(link.name);
      }
    }
    for (const PodLink& link : links) {
      if (up.contains(link.host_link) && keys_.contains(link.plugin)) {
        present_.push_back(&link);
      }
    }
    return {};
  }

  // Pods with a policy are entered with their rules, by whoever keeps these.
  Status repair_guard() {
    const std::vector<Entry> entered = TRY(table_.entries());
    std::vector<Entry> missing;
    for (const PodLink* link : present_) {
      for (const IpAddress& address : link->addresses) {
        const Entry entry{link->host_link, address};
        if (!keys_.at(link->plugin).closed_until_policy &&
            std::ranges::find(entered, entry) == entered.end()) {
          missing.push_back(entry);
          repair_.lost.push_back("entry of the guard for " + entry.if_name + " with " +
                                 address.to_string() + " is gone");
        }
      }
    }
    const bool whole = TRY(table_.has_guard());
    if (!whole) {
      repair_.lost.emplace_back("the guard of table inet catena is not whole");
    }
    if (!whole || !missing.empty()) {
      keep(table_.ensure_guard(missing));
    }
    return {};
  }

  Status repair_masquerade(const std::string& plugin, const FirewallKeys& keys) {
    std::set<IpAddress> masqueraded;
    for (const firewall::Masqueraded& one : TRY(table_.masqueraded())) {
      masqueraded.insert(one.address);
    }
    std::vector<IpAddress> pods;
    std::vector<IpAddress> missing;
    for (const PodLink* link : present_) {
      if (link->plugin == plugin) {
        std::ranges::copy(link->addresses, std::back_inserter(pods));
      }
    }
    std::ranges::copy_if(pods, std::back_inserter(missing),
                         [&](const IpAddress& address) { return !masqueraded.contains(address); });
    for (const IpAddress& address : missing) {
      repair_.lost.push_back(address.to_string() + " was masqueraded no more");
    }
    if (missing.empty() && !pods.empty() &&
        !TRY(table_.is_masqueraded(pods.front(), keys.kept, keys.marks))) {
      repair_.lost.emplace_back("the chains of table inet catena that masquerade are not whole");
      missing = pods;
    }
    if (!missing.empty()) {
      keep(table_.masquerade(missing, keys.kept, keys.marks));
    }
    return {};
  }

  // A DEL that came in between had deleted the link before it took away the last of the pod: what
  // was mended of a pod without a link is to go again.
  Status leave_out_gone() {
    for (const PodLink* link : present_) {
      const Result<netlink::Link> found = routes_.find_link(link->host_link);
      if (found.ok() || !found.error().is(base::ErrorKind::kNotFound)) {
        continue;
      }
      std::vector<Entry> entries;
      std::ranges::transform(link->addresses, std::back_inserter(entries),
                             [link](const IpAddress& address) -> Entry {
                               return {link->host_link, address};
                             });
      TRY(table_.leave(entries));
      TRY(table_.stop_masquerade(link->addresses, keys_.at(link->plugin).kept));
    }
    return {};
  }

  netlink::Socket& routes_;
  firewall::Table& table_;
  const std::map<std::string, FirewallKeys>& keys_;
  std::vector<const PodLink*> present_;
  Repair repair_;
};

// What is mended would have another source than the node's address.
Error no_address(base::Family family) {
  return Error(base::ErrorKind::kTryAgain,
               std::string("links to pods that have an ENI of their own: the node's IPv") +
                   (family == base::Family::kIpv4 ? "4" : "6") +
                   " address can't be told, since it has no default route");
}

Result<Repair> repair_own_nics(const Kernel& kernel, const OwnNicKeys& keys,
                               const std::vector<PodLink>& links) {
  podnic::OwnNics wanted;
  for (const PodLink& link : links) {
    if (link.plugin == kEni) {
      wanted.pods.push_back(
          {.attachment = link.attachment, .addresses = link.addresses, .slot = link.slot});
    }
  }
  if (wanted.pods.empty()) {
    return Repair{};
  }
  wanted.node = TRY(podlink::find_node(*kernel.routes, "", keys.families));
  for (const base::Family family : keys.families) {
    if (!wanted.node.address(family).has_value()) {
      return no_address(family);
    }
  }
  wanted.marks = keys.marks;
  return podnic::repair_host_peers(kernel, wanted);
}

}  // namespace

Result<LinkKeys> read_link_keys(const std::string& conflist) {
  const std::string text = TRY(base::read_file(conflist, kMostConflist));
  const auto json = TRY(base::parse_json(text, kMostConflist).context(conflist));
  Fields fields = TRY(Fields::of(json, "").context(conflist));
  LinkKeys keys;
  keys.network = TRY(fields.string("name")).value_or("");
  std::vector<Fields> plugins = TRY(fields.objects("plugins")).value_or(std::vector<Fields>());
  for (Fields& plugin : plugins) {
    const std::string type = TRY(plugin.string("type")).value_or("");
    if (type != kEni && type != kMultiip && type != kVpcRoute) {
      continue;
    }
    keys.plugins.emplace(type, TRY(read_firewall_keys(plugin, type).context(conflist)));
    if (type == kEni) {
      keys.own_nics = TRY(read_own_nic_keys(plugin).context(conflist));
    }
  }
  return keys;
}

Result<Repair> repair_links(const Kernel& kernel, ipam::Store& store, const LinkKeys& keys,
                            enilink::Shape shape) {
  if (keys.plugins.empty() || kernel.firewall == nullptr) {
    return Repair{};
  }
  const std::vector<ipam::Eni> enis = TRY(store.cloud()).enis;
  const std::vector<PodLink> links = links_of(TRY(store.list()), enis, keys.network);
  std::map<std::string, FirewallKeys> plugins = keys.plugins;
  if (const auto multiip = plugins.find(kMultiip);
      multiip != plugins.end() && shape == enilink::Shape::kRules) {
    multiip->second.marks.reset();
  }
  Repair repair = TRY(Gates(kernel, plugins).repair(links));
  Repair peers = keys.own_nics ? TRY(repair_own_nics(kernel, *keys.own_nics, links)) : Repair{};
  std::ranges::move(peers.lost, std::back_inserter(repair.lost));
  std::ranges::move(peers.failed, std::back_inserter(repair.failed));
  return repair;
}

}  // namespace catena::agent
