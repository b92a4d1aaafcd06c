#include "common/ipam/cloud_record.h"

#include <nlohmann/json.hpp>

#include "common/base/utc.h"
#include "common/ipam/record_json.h"

namespace catena::ipam {
namespace {

using Json = RecordJson;

Entry entry_of(std::string_view kind, const std::string& key) {
  Entry entry;
  entry.kind = kind;
  entry.key = key;
  return entry;
}

Json object_of(const Entry& entry, std::string_view earlier) {
  Json json = object_from(earlier);
  json["kind"] = entry.kind;
  json["key"] = entry.key;
  return json;
}

// Nothing unless `entry` is of that kind and an object.
std::optional<Json> object_in(const Entry& entry, std::string_view kind) {
  if (entry.kind != kind) {
    return {};
  }
  Json json = parse_record(entry.text);
  return json.is_object() ? std::optional<Json>(std::move(json)) : std::nullopt;
}

std::optional<base::IpAddress> address_in(const Json& json, const char* key) {
  const auto address = base::IpAddress::parse(string_in(json, key));
  return address.ok() ? std::optional<base::IpAddress>(*address) : std::nullopt;
}

// 0 where there is no such number.
int int_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<int>() : 0;
}

template <typename State>
State state_in(const Json& json, std::initializer_list<State> known) {
  const std::string text = string_in(json, "state");
  for (const State state : known) {
    if (text == name_of(state)) {
      return state;
    }
  }
  return State::kUnknown;
}

}  // namespace

const char* name_of(EniState state) {
  switch (state) {
    case EniState::kCreated:
      return "created";
    case EniState::kInUse:
      return "in-use";
    case EniState::kReleasing:
      return "releasing";
    case EniState::kUnknown:
      break;
  }
  return "unknown";
}

const char* name_of(RouteState state) {
  switch (state) {
    case RouteState::kAvailable:
      return "available";
    case RouteState::kRemoving:
      return "removing";
    case RouteState::kUnknown:
      break;
  }
  return "unknown";
}

bool serves_pods(const Eni& eni) {
  return eni.state == EniState::kInUse && eni.mode == kSharedMode && eni.slot != 0;
}

bool serves_a_pod(const Eni& eni) {
  return eni.state == EniState::kInUse && eni.mode == kExclusiveMode;
}

Entry to_entry(const Eni& eni, std::string_view earlier) {
  Entry entry = entry_of(kEniKind, eni.id);
  Json json = object_of(entry, earlier);
  json["mac"] = eni.mac.to_string();
  json["vswitch"] = eni.vswitch;
  json["address"] = eni.address.to_string();
  json["gateway"] = eni.gateway.to_string();
  json["prefixLength"] = eni.prefix_length;
  set_unless_empty(json, "gateway6", eni.gateway6 ? eni.gateway6->to_string() : "");
  json["mode"] = eni.mode;
  json["state"] = name_of(eni.state);
  json["slot"] = eni.slot;
  entry.text = text_of(json);
  return entry;
}

Entry to_entry(const Intent& intent, std::string_view earlier) {
  Entry entry = entry_of(kIntentKind, intent.key);
  Json json = object_of(entry, earlier);
  json["action"] = intent.action;
  json["parameters"] = intent.parameters;
  set_unless_empty(json, "for", intent.purpose);
  json["since"] = base::utc_text_with_ms(intent.since);
  entry.text = text_of(json);
  return entry;
}

Entry to_entry(const Route& route, std::string_view earlier) {
  Entry entry = entry_of(kRouteKind, route.cidr.to_string());
  Json json = object_of(entry, earlier);
  json["table"] = route.table;
  json["entry"] = route.entry;
  json["nextHop"] = route.next_hop;
  json["state"] = name_of(route.state);
  json["boot"] = route.boot;
  entry.text = text_of(json);
  return entry;
}

std::optional<Eni> eni_in(const Entry& entry) {
  const std::optional<Json> json = object_in(entry, kEniKind);
  const auto mac = json ? base::Mac::parse(string_in(*json, "mac")) : base::Mac();
  const auto address = json ? address_in(*json, "address") : std::nullopt;
  if (!json || !mac.ok() || !address) {
    return {};
  }
  Eni eni;
  eni.id = entry.key;
  eni.mac = *mac;
  eni.vswitch = string_in(*json, "vswitch");
  eni.address = *address;
  eni.gateway = address_in(*json, "gateway").value_or(base::IpAddress());
  eni.prefix_length = int_in(*json, "prefixLength");
  const int slot = int_in(*json, "slot");
  eni.slot = slot > 0 && slot <= kLastSlot ? slot : 0;
  eni.gateway6 = address_in(*json, "gateway6");
  eni.mode = string_in(*json, "mode");
  eni.state = state_in(*json, {EniState::kCreated, EniState::kInUse, EniState::kReleasing});
  return eni;
}

std::optional<Intent> intent_in(const Entry& entry) {
  const std::optional<Json> json = object_in(entry, kIntentKind);
  if (!json) {
    return {};
  }
  Intent intent;
  intent.key = entry.key;
  intent.action = string_in(*json, "action");
  intent.purpose = string_in(*json, "for");
  intent.since = time_in(*json, "since");
  const auto parameters = json->find("parameters");
  if (parameters != json->end() && parameters->is_object()) {
    for (const auto& [name, value] : parameters->items()) {
      if (value.is_string()) {
        intent.parameters[name] = value.get<std::string>();
      }
    }
  }
  return intent;
}

std::optional<Route> route_in(const Entry& entry) {
  const std::optional<Json> json = object_in(entry, kRouteKind);
  const auto cidr = base::Prefix::parse(entry.key);
  if (!json || !cidr.ok()) {
    return {};
  }
  Route route;
  route.cidr = *cidr;
  route.table = string_in(*json, "table");
  route.entry = string_in(*json, "entry");
  route.next_hop = string_in(*json, "nextHop");
  route.state = state_in(*json, {RouteState::kAvailable, RouteState::kRemoving});
  route.boot = string_in(*json, "boot");
  return route;
}

}  // namespace catena::ipam
