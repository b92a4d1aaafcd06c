// Whether what pods of shared ENIs send leaves by the right ENI.
#include <algorithm>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/doctor.h"
#include "cli/mark_mask.h"
#include "cli/store_view.h"
#include "common/enilink/repair.h"

namespace catena::cli {
namespace {

using base::ErrorKind;
using Json = nlohmann::json;

const std::string kSubject = "source routing";

std::vector<base::Prefix> host_stack_of(const Json& plugin) {
  std::vector<base::Prefix> prefixes;
  const auto list = plugin.find("hostStackCIDRs");
  if (list == plugin.end() || !list->is_array()) {
    return prefixes;
  }
  for (const Json& entry : *list) {
    const auto prefix =
        base::Prefix::parse_or_host(entry.is_string() ? entry.get<std::string>() : "");
    if (prefix.ok()) {  // what is not is told of by lint
      prefixes.push_back(*prefix);
    }
  }
  return prefixes;
}

std::vector<base::Family> families_of(const Json& plugin) {
  std::vector<base::Family> families;
  const auto list = plugin.find("ipFamilies");
  if (list == plugin.end() || !list->is_array()) {
    return {base::Family::kIpv4};
  }
  for (const Json& entry : *list) {
    families.push_back(entry == "ipv6" ? base::Family::kIpv6 : base::Family::kIpv4);
  }
  return families;
}

std::vector<enilink::HostEni> host_enis(const std::vector<ipam::Eni>& used) {
  std::vector<enilink::HostEni> enis;
  std::ranges::transform(used, std::back_inserter(enis), [](const ipam::Eni& eni) {
    return enilink::HostEni{.slot = eni.slot,
                            .mac = eni.mac,
                            .gateway = eni.gateway,
                            .gateway6 = eni.gateway6,
                            .mtu = 0};
  });
  return enis;
}

base::Result<enilink::Shape> shape_in_force(netlink::Socket& node) {
  const auto rules = TRY(node.list_rules());
  const bool has_source_rules = std::ranges::any_of(rules, [](const netlink::Rule& rule) {
    return rule.protocol == netlink::kProtocol && rule.priority == enilink::kSourcePriority;
  });
  return has_source_rules ? enilink::Shape::kRules : enilink::Shape::kMarks;
}

base::Result<Findings> compare(const Options& options, const PluginEntry& multiip) {
  ipam::Store store = TRY(open_store(options));
  enilink::State state;
  state.enis = host_enis(TRY(enis_of_pods(store)));
  if (state.enis.empty()) {
    return Findings{good(kSubject, "no pod is on a shared ENI")};
  }
  auto node = TRY(netlink::Socket::open());
  auto table = firewall::Table::open();
  if (!table.ok() && !table.error().is(ErrorKind::kUnsupported)) {
    return table.error();
  }
  const std::string wanted = text_in(*multiip.json, "routing");
  state.routing.shape =
      wanted == "rules" || !table.ok() ? enilink::Shape::kRules : TRY(shape_in_force(node));
  state.routing.marks.mask = mark_mask_of(multiip).value_or(kDefaultMarkMask);
  state.routing.host_stack = host_stack_of(*multiip.json);
  state.routing.families = families_of(*multiip.json);
  const enilink::Kernel kernel{.routes = &node, .firewall = table.ok() ? &*table : nullptr};
  Findings findings;
  for (std::string& difference : TRY(enilink::differences(kernel, state))) {
    findings.push_back({kSubject, Verdict::kBad, std::move(difference),
                        "the agent mends it when it runs, and so does the next pod's start"});
  }
  if (findings.empty()) {
    findings.push_back(good(kSubject, std::string("by ") + enilink::name_of(state.routing.shape) +
                                          ", " + std::to_string(state.enis.size()) + " ENIs"));
  }
  return findings;
}

}  // namespace

Findings examine_source_routing(const Options& options, const Conflist* chain) {
  const PluginEntry* const multiip = chain == nullptr ? nullptr : chain->find("catena-multiip");
  if (multiip == nullptr) {
    return {};
  }
  auto findings = compare(options, *multiip);
  if (!findings.ok()) {
    // That there is no store yet is told of by another part.
    return findings.error().is(ErrorKind::kNotFound)
               ? Findings()
               : Findings{found(kSubject, Verdict::kUnknown, findings.error())};
  }
  return std::move(*findings);
}

}  // namespace catena::cli
