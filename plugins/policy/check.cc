// CHECK: the record, and what the kernel holds of the pod, compared with what ADD made.
#include "common/attachment/check.h"

#include <algorithm>
#include <iterator>

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

// Which rules the pod should have, the agent alone knows; that they would count can be seen.
Status compare_rules(Place place, const Record& record, Differences& differences) {
  auto policies = TRY(firewall::Policies::open(place));
  // Where ADD let the pod pass without asking anybody, nobody may have made them yet.
  const bool must_be_there = record.closed_while_unknown && !record.pod_name.empty();
  if (must_be_there && !TRY(policies.has_base())) {
    differences.emplace_back("the chains of network policies are gone or incomplete");
  }
  return {};
}

Result<Differences> kernel_differences(Place place, const Record& record) {
  Differences differences;
  TRY(compare_rules(place, record, differences));
  auto table = TRY(firewall::Table::open());
  for (const firewall::Entry& entry : entries_of(record, place)) {
    if (!TRY(table.is_entered(entry))) {
      differences.push_back("the guard does not let " + entry.if_name + " with " +
                            entry.address.to_string() + " through");
    }
  }
  return differences;
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const Record expected = TRY(record_of(request, settings));
  Differences found;
  if (!expected.pod_name.empty()) {
    found = record_differences(netpol::Records(settings.state_dir), expected);
  }
  for (const Place place : places_of(expected)) {
    const auto look = [&]() -> Status {
      std::ranges::move(TRY(kernel_differences(place, expected)), std::back_inserter(found));
      return {};
    };
    TRY(run_in(place, expected, look));
  }
  if (found.empty()) {
    return {};
  }
  return Error(ErrorKind::kDiffers, base::join(found, "; "))
      .advice("the pod's policy is not as ADD made it: delete the pod to have it made anew");
}

}  // namespace catena::policy
