#include "plugins/policy/teardown.h"

#include "common/base/error_list.h"
#include "plugins/policy/pod.h"

namespace catena::policy {
namespace {

using base::ErrorKind;
using base::Status;
using firewall::Place;
using netpol::Record;

Status clear(Place place, const Record& record) {
  auto policies = TRY(firewall::Policies::open(place));
  return policies.remove_subject(record.id(), record.addresses, entries_of(record, place));
}

Status clear_at(Place place, const Record& record) {
  Status done = run_in(place, record, [&] { return clear(place, record); });
  const bool nothing_there =
      !done.ok() && (is_gone(done.error()) || done.error().is(ErrorKind::kUnsupported));
  return nothing_there ? Status() : done;
}

}  // namespace

Status tear_down(const netpol::Records& records, const Record& record) {
  base::ErrorList failures;
  for (const Place place : places_of(record)) {
    failures.add(clear_at(place, record));
  }
  if (failures.empty()) {
    failures.add(records.remove(record.container_id, record.if_name));
  }
  return failures.to_status();
}

}  // namespace catena::policy
