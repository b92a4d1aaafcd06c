// CHECK: the record, and what the kernel holds of the pod, compared with what ADD made.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

#include <nlohmann/json.hpp>

#include "common/ask/duty.h"
#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/firewall/table.h"
#include "plugins/policy/pod.h"
#include "plugins/policy/policy_plugin.h"
#include "plugins/policy/settings.h"

namespace catena::policy {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using firewall::Place;
using netpol::Record;
using Differences = std::vector<std::string>;

// It answers within some milliseconds, or is at something that takes longer.
constexpr std::chrono::seconds kForTheAgent{3};

std::string text_of(const std::vector<base::IpAddress>& addresses) {
  std::vector<std::string> texts;
  std::ranges::transform(addresses, std::back_inserter(texts), &base::IpAddress::to_string);
  return texts.empty() ? "none" : base::join(texts, ", ");
}

Differences record_differences(const netpol::Records& records, const Record& expected) {
  const auto found = records.find(expected.container_id, expected.if_name);
  if (!found.ok()) {
    return {found.error().message()};
  }
  if (!found->has_value()) {
    return {"the pod has no record in " + records.directory() + ": the agent does not know of it"};
  }
  Differences differences;
  const Record& record = **found;
  if (record.addresses != expected.addresses) {
    differences.push_back("its record has the addresses " + text_of(record.addresses) +
                          ", the result of ADD " + text_of(expected.addresses));
  }
  if (record.host_link != expected.host_link || record.own_nic != expected.own_nic) {
    differences.push_back("its record has another interface: '" + record.host_link +
                          "' on the node, expected '" + expected.host_link + "'");
  }
  return differences;
}

// What a running agent finds when it compares the pod's rules with what policies say.
struct Told {
  Differences differences;
  bool by_iptables = false;
};

// Nothing where no agent runs, or it can't tell by now.
std::optional<Told> ask_agent(const Settings& settings, const Record& record) {
  const nlohmann::json args{{"pod", record.pod_namespace + "/" + record.pod_name},
                            {"containerID", record.container_id},
                            {"ifname", record.if_name}};
  const auto answer = ask::duty_of_daemon({.duty = "policy.show",
                                           .args = base::print_json(args),
                                           .state_dir = settings.state_dir,
                                           .eni_conf = {},
                                           .cni_path = {}},
                                          kForTheAgent);
  if (!answer.ok()) {
    return std::nullopt;
  }
  auto fields = base::Fields::of(*answer, "");
  if (!fields.ok()) {
    return std::nullopt;
  }
  auto differences = fields->strings("differences");
  const auto backend = fields->string("backend");
  if (!differences.ok() || !differences->has_value()) {
    return std::nullopt;
  }
  return Told{.differences = **std::move(differences),
              .by_iptables = backend.ok() && backend->value_or("") == "iptables"};
}

// Without an agent nobody knows which rules the pod should have; that they would count can be seen.
Status compare_base(Place place, const Record& record, Differences& differences) {
  auto policies = TRY(firewall::Policies::open(place));
  // Where ADD let the pod pass without asking anybody, nobody may have made them yet.
  const bool must_be_there = record.closed_while_unknown && !record.pod_name.empty();
  if (must_be_there && !TRY(policies.has_base())) {
    differences.emplace_back("the chains of network policies are gone or incomplete");
  }
  return {};
}

Status compare_guard(Place place, const Record& record, Differences& differences) {
  auto table = TRY(firewall::Table::open());
  for (const firewall::Entry& entry : entries_of(record, place)) {
    if (!TRY(table.is_entered(entry))) {
      differences.push_back("the guard does not let " + entry.if_name + " with " +
                            entry.address.to_string() + " through");
    }
  }
  return {};
}

// iptables has no guard; what nf_tables has of one may be another chain's.
Result<bool> is_guarded(Place place, const Record& record) {
  auto table = firewall::Table::open();
  if (!table.ok()) {
    return table.error().is(ErrorKind::kUnsupported) ? Result<bool>(false)
                                                     : Result<bool>(table.error());
  }
  return place == Place::kNode ? table->has_guard() : table->has_nic_guard(record.if_name);
}

struct Look {
  bool rules = true;  // nobody else looked at them
  bool by_iptables = false;
};

Status compare_kernel(Place place, const Record& record, const Look& look,
                      Differences& differences) {
  if (look.rules && !look.by_iptables) {
    TRY(compare_base(place, record, differences));
  }
  const bool guarded = !look.by_iptables || TRY(is_guarded(place, record));
  return guarded ? compare_guard(place, record, differences) : Status();
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const Record expected = TRY(record_of(request, settings));
  Differences found;
  if (!expected.pod_name.empty()) {
    found = record_differences(netpol::Records(settings.state_dir), expected);
  }
  Look look{.by_iptables = settings.backend == firewall::Backend::kIptables};
  const bool is_named = !expected.pod_name.empty();
  if (auto told = is_named ? ask_agent(settings, expected) : std::nullopt; told.has_value()) {
    look = {.rules = false, .by_iptables = told->by_iptables};
    std::ranges::move(told->differences, std::back_inserter(found));
  }
  for (const Place place : places_of(expected)) {
    TRY(run_in(place, expected, [&] { return compare_kernel(place, expected, look, found); }));
  }
  if (found.empty()) {
    return {};
  }
  return Error(ErrorKind::kDiffers, base::join(found, "; "))
      .advice("the pod's policy is not as ADD made it: delete the pod to have it made anew");
}

}  // namespace catena::policy
