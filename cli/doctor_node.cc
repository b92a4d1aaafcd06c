// What the node's kernel must do for pods.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "cli/doctor.h"
#include "cli/forward_policy.h"
#include "cli/store_view.h"
#include "common/base/text.h"
#include "common/netlink/socket.h"
#include "common/netlink/sysctl.h"
#include "common/podlink/node.h"

namespace catena::cli {
namespace {

using nlohmann::json;

// Whether an entry of the list at `key` has `part` in it.
bool lists(const json& object, const char* key, const std::string& part) {
  const auto list = object.find(key);
  return list != object.end() && list->is_array() &&
         std::ranges::any_of(*list, [&part](const json& entry) {
           return entry.is_string() &&
                  entry.get_ref<const std::string&>().find(part) != std::string::npos;
         });
}

std::vector<base::Family> families_of(const Conflist* chain) {
  std::vector<base::Family> families{base::Family::kIpv4};
  if (chain == nullptr) {
    return families;
  }
  const bool has_ipv6 = std::ranges::any_of(chain->plugins, [](const PluginEntry& entry) {
    const auto ranges = entry.json->find("ranges");
    return lists(*entry.json, "ipFamilies", "ipv6") || lists(*entry.json, "podCIDRs", ":") ||
           (ranges != entry.json->end() && ranges->dump().find("::") != std::string::npos);
  });
  if (has_ipv6) {
    families.push_back(base::Family::kIpv6);
  }
  return families;
}

// Of the two numbers the greater one counts (kernel Documentation/networking/ip-sysctl.rst).
base::Result<int> effective_rp_filter(const std::string& link) {
  int effective = 0;
  for (const std::string& name : {std::string("all"), link}) {
    const std::string text = TRY(netlink::read_sysctl("ipv4/conf/" + name + "/rp_filter"));
    effective = std::max(effective, text.empty() ? 0 : text.front() - '0');
  }
  return effective;
}

Finding rp_filter_of_nic(const std::string& link) {
  const auto effective = effective_rp_filter(link);
  if (!effective.ok()) {
    return found("rp_filter", Verdict::kUnknown, effective.error());
  }
  const std::string text = "of " + link + " (the primary NIC) is " + std::to_string(*effective);
  if (*effective != 1) {
    return good("rp_filter", text);
  }
  return {"rp_filter", Verdict::kWarning,
          text + ", strict: packets are dropped whose way back is by another NIC",
          "sysctl -w net.ipv4.conf." + link + ".rp_filter=2"};
}

Finding rp_filter_of_eni(const netlink::Link& link, const std::string& eni) {
  const std::string subject = "rp_filter";
  const auto effective = effective_rp_filter(link.name);
  if (!effective.ok()) {
    return found(subject, Verdict::kUnknown, effective.error());
  }
  const std::string text = "of " + link.name + " (" + eni + ") is " + std::to_string(*effective);
  return *effective == 2 ? good(subject, text)
                         : Finding{subject, Verdict::kBad, text + ", expected 2",
                                   "sysctl -w net.ipv4.conf." + link.name + ".rp_filter=2"};
}

base::Result<Findings> rp_filters(const Options& options) {
  Findings findings;
  auto node = TRY(netlink::Socket::open());
  const auto route = TRY(podlink::find_default_route(node, base::Family::kIpv4));
  const int primary = route ? route->if_index : 0;
  if (route) {
    findings.push_back(rp_filter_of_nic(TRY(node.find_link(primary)).name));
  } else {
    findings.push_back({"rp_filter", Verdict::kWarning, "the node has no default route", ""});
  }
  auto store = open_store(options);
  if (!store.ok()) {
    return findings;
  }
  const std::vector<ipam::Eni> enis = TRY(enis_of_pods(*store));
  for (const netlink::Link& link : TRY(node.list_links())) {
    const auto eni = std::ranges::find(enis, link.mac, &ipam::Eni::mac);
    if (eni != enis.end() && link.index != primary) {
      findings.push_back(rp_filter_of_eni(link, eni->id));
    }
  }
  return findings;
}

}  // namespace

Findings examine_forwarding(const Conflist* chain) {
  Findings findings;
  for (const base::Family family : families_of(chain)) {
    const bool is_v4 = family == base::Family::kIpv4;
    const std::string subject = is_v4 ? "forwarding" : "forwarding (IPv6)";
    const base::Status status = podlink::check_forwarding({family});
    findings.push_back(status.ok()
                           ? good(subject, "the node forwards")
                           : found(subject,
                                   status.error().is(base::ErrorKind::kDiffers) ? Verdict::kWarning
                                                                                : Verdict::kUnknown,
                                   status.error()));
  }
  return findings;
}

Findings examine_forward_policy() {
  const auto drops = forward_drops();
  if (!drops.ok()) {
    return {found("FORWARD policy", Verdict::kUnknown, drops.error())};
  }
  if (drops->empty()) {
    return {good("FORWARD policy", "accept")};
  }
  return {{"FORWARD policy", Verdict::kWarning,
           "drop in " + base::join(*drops, ", ") +
               ": pods reach others only where a rule there accepts them",
           "iptables -P FORWARD ACCEPT, or a rule that accepts ctn+ in both directions"}};
}

Findings examine_rp_filter(const Options& options) {
  auto findings = rp_filters(options);
  if (!findings.ok()) {
    return {found("rp_filter", Verdict::kUnknown, findings.error())};
  }
  return std::move(findings).value();
}

}  // namespace catena::cli
