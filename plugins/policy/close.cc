#include "plugins/policy/close.h"

#include <algorithm>
#include <vector>

#include "common/firewall/connections.h"
#include "plugins/policy/pod.h"

namespace catena::policy {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;
using firewall::Backend;
using firewall::Place;
using netpol::Record;

Status shut_at(Place place, const Record& record) {
  return run_in(place, record, [&]() -> Status {
    auto policies = TRY(firewall::Policies::open(place));
    return policies.close_subject(record.id(), record.addresses, entries_of(record, place));
  });
}

Status enter_at(Place place, const Record& record) {
  const auto entries = entries_of(record, place);
  return entries.empty()
             ? Status()
             : run_in(place, record, [&entries] { return firewall::enter_where_guarded(entries); });
}

}  // namespace

Status shut(const Record& record, Backend backend) {
  if (backend == Backend::kIptables) {
    return Error(ErrorKind::kTryAgain, "by iptables only the agent can shut a pod")
        .advice("start catena-agent");
  }
  // The node last: a running agent hears of that only, and looks at both places then.
  std::vector<Place> places = places_of(record);
  std::ranges::reverse(places);
  for (const Place place : places) {
    TRY(shut_at(place, record));
  }
  return {};
}

Status forget_inherited(const netpol::Records& records, const Record& record) {
  const std::vector<base::IpAddress> left = records.left_among(record.addresses);
  if (left.empty()) {
    return {};
  }
  TRY(firewall::forget_connections(left));
  return records.settle(left);
}

Status let_pass(const Record& record) {
  for (const Place place : places_of(record)) {
    TRY(enter_at(place, record));
  }
  return {};
}

}  // namespace catena::policy
