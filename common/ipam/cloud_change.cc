#include "common/ipam/cloud_change.h"

#include <algorithm>
#include <set>

#include "common/ipam/cloud_record.h"

namespace catena::ipam {
namespace {

bool is_held(const Record& record) {
  return record.state == State::kBound || record.state == State::kReserved;
}

bool is_of_intent(const Record& record) {
  return record.state == State::kReserved && record.owner.if_name == kIntentInterface;
}

base::Error held_error(const Record& record, const char* doing, base::ErrorKind kind) {
  const std::string& pod = record.owner.pod;
  return base::Error(kind, std::string(doing) + " " + record.address.to_string() +
                               ": it is held by " + (pod.empty() ? "" : "pod " + pod + ", ") +
                               "container " + record.owner.container_id);
}

// `record` in place of what has its kind and key.
template <typename Thing>
base::Status put(Update& update, const Thing& thing) {
  Entry entry = to_entry(thing, {});
  const std::optional<Entry> earlier = TRY(update.index().find(entry.kind, entry.key));
  if (earlier.has_value()) {
    entry = to_entry(thing, earlier->text);
  }
  return update.stage_entry(std::move(entry));
}

base::Status drop(Update& update, std::string_view kind, const std::string& key) {
  if (!TRY(update.index().find(kind, key)).has_value()) {
    return {};
  }
  Entry entry;
  entry.kind = kind;
  entry.key = key;
  return update.stage_entry(std::move(entry));
}

// The lowest that no ENI has; 0 where all are taken.
base::Result<int> free_slot(Update& update) {
  std::set<int> taken;
  for (const ListedEni& listed : TRY(update.index().enis())) {
    taken.insert(eni_in(listed.entry).value_or(Eni{}).slot);
  }
  for (int slot = 1; slot <= kLastSlot; ++slot) {
    if (!taken.contains(slot)) {
      return slot;
    }
  }
  return 0;
}

base::Status put_eni(Update& update, Eni eni) {
  const std::optional<Entry> earlier = TRY(update.index().find(kEniKind, eni.id));
  eni.slot = earlier.has_value() ? eni_in(*earlier).value_or(Eni{}).slot : 0;
  if (eni.slot == 0) {
    eni.slot = TRY(free_slot(update));
  }
  return put(update, eni);
}

base::Status put_intent(Update& update, Intent intent) {
  if (intent.since == std::chrono::system_clock::time_point()) {
    intent.since = update.place().clock->wall();
  }
  return put(update, intent);
}

base::Status put_route(Update& update, Route route) {
  if (route.boot.empty()) {
    route.boot = update.place().boot_id;
  }
  return put(update, route);
}

base::Status put_address(Update& update, const AddressOfEni& added) {
  const std::optional<Record> known = TRY(update.record_of(added.address));
  Record record = known.value_or(Record{});
  if (known.has_value() && record.pool == added.eni && !is_of_intent(record)) {
    return {};
  }
  record.address = added.address;
  record.pool = added.eni;
  if (is_of_intent(record)) {
    record.state = record.note.empty() ? State::kFree : State::kQuarantined;
    record.owner = {};
  }
  TRY(update.stage(std::move(record)));
  return {};
}

enum class From { kAnyButHeld, kFreeOnly };

base::Status reserve(Update& update, const base::IpAddress& address, const std::string& key,
                     From from) {
  std::optional<Record> record = TRY(update.record_of(address));
  if (!record.has_value()) {
    return base::Error(base::ErrorKind::kNotFound,
                       "reserve " + address.to_string() + ": the store does not know it");
  }
  if (is_of_intent(*record) && record->owner.container_id == key) {
    return {};
  }
  if (is_held(*record)) {
    return held_error(*record, "reserve", base::ErrorKind::kTryAgain)
        .advice("delete the pod first, or wait for it to end");
  }
  if (from == From::kFreeOnly && record->state != State::kFree) {
    return base::Error(base::ErrorKind::kTryAgain,
                       "reserve " + address.to_string() + ": it is " + name_of(record->state));
  }
  record->state = State::kReserved;
  record->owner = {.container_id = key,
                   .if_name = std::string(kIntentInterface),
                   .network = {},
                   .netns = {},
                   .pod = {}};
  record->note.clear();
  TRY(update.stage(std::move(*record)));
  return {};
}

base::Status quarantine(Update& update, const QuarantinedAddress& quarantined) {
  std::optional<Record> record = TRY(update.record_of(quarantined.address));
  if (!record.has_value()) {
    return base::Error(base::ErrorKind::kNotFound, "quarantine " + quarantined.address.to_string() +
                                                       ": the store does not know it");
  }
  record->state = is_held(*record) ? record->state : State::kQuarantined;
  record->note = quarantined.note;
  TRY(update.stage(std::move(*record)));
  return {};
}

base::Status drop_address(Update& update, const base::IpAddress& address) {
  const std::optional<Record> record = TRY(update.record_of(address));
  if (record.has_value() && is_held(*record) && !is_of_intent(*record)) {
    return held_error(*record, "forget", base::ErrorKind::kExists);
  }
  return drop(update, kAddressKind, address.to_string());
}

}  // namespace

base::Status check(const CloudChange& change) {
  std::vector<std::string> names = change.drop_intents;
  names.insert(names.end(), change.drop_enis.begin(), change.drop_enis.end());
  for (const Intent& intent : change.put_intents) {
    names.push_back(intent.key);
  }
  for (const Eni& eni : change.put_enis) {
    names.push_back(eni.id);
  }
  for (const AddressOfEni& added : change.put_addresses) {
    names.push_back(added.eni);
  }
  if (!change.reserve.empty() || !change.reserve_free.empty()) {
    names.push_back(change.reserved_for);
  }
  for (const QuarantinedAddress& quarantined : change.quarantine) {
    names.push_back(quarantined.note);
  }
  for (const std::string& name : names) {
    if (!is_name(name) || !survives_json(name)) {
      return base::Error(base::ErrorKind::kInternal,
                         "the store can't keep '" + name + "': not a name");
    }
  }
  return {};
}

base::Status change_cloud(Update& update, const CloudChange& change) {
  for (const base::IpAddress& address : change.reserve) {
    TRY(reserve(update, address, change.reserved_for, From::kAnyButHeld));
  }
  for (const base::IpAddress& address : change.reserve_free) {
    TRY(reserve(update, address, change.reserved_for, From::kFreeOnly));
  }
  for (const QuarantinedAddress& quarantined : change.quarantine) {
    TRY(quarantine(update, quarantined));
  }
  for (const base::IpAddress& address : change.drop_addresses) {
    TRY(drop_address(update, address));
  }
  for (const AddressOfEni& added : change.put_addresses) {
    TRY(put_address(update, added));
  }
  for (const Intent& intent : change.put_intents) {
    TRY(put_intent(update, intent));
  }
  for (const Eni& eni : change.put_enis) {
    TRY(put_eni(update, eni));
  }
  for (const Route& route : change.put_routes) {
    TRY(put_route(update, route));
  }
  for (const std::string& key : change.drop_intents) {
    TRY(drop(update, kIntentKind, key));
  }
  for (const std::string& id : change.drop_enis) {
    TRY(drop(update, kEniKind, id));
  }
  for (const base::Prefix& cidr : change.drop_routes) {
    TRY(drop(update, kRouteKind, cidr.to_string()));
  }
  return update.commit();
}

base::Result<CloudRecords> cloud_records(Update& update) {
  CloudRecords records;
  const auto collect = [&](const Entry& entry) -> base::Status {
    if (auto eni = eni_in(entry); eni.has_value()) {
      records.enis.push_back(std::move(*eni));
    } else if (auto intent = intent_in(entry); intent.has_value()) {
      records.intents.push_back(std::move(*intent));
    } else if (auto route = route_in(entry); route.has_value()) {
      records.routes.push_back(std::move(*route));
    }
    return {};
  };
  TRY(update.index().for_each(collect));
  std::ranges::sort(records.enis, {}, &Eni::id);
  std::ranges::sort(records.intents, {}, &Intent::since);
  std::ranges::sort(records.routes, {}, &Route::cidr);
  return records;
}

}  // namespace catena::ipam
