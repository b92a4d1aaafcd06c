#include "common/ipam/record.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "common/base/utc.h"
#include "common/ipam/record_json.h"

namespace catena::ipam {
namespace {

using Json = RecordJson;

constexpr std::array<State, 5> kStates{State::kFree, State::kReserved, State::kBound,
                                       State::kCooling, State::kQuarantined};

template <typename Number>
Number number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<Number>() : Number{};
}

std::optional<Record> record_in(const std::string& key, const Json& json) {
  const base::Result<base::IpAddress> address = base::IpAddress::parse(key);
  if (!json.is_object() || !address.ok() || address->to_string() != key ||
      string_in(json, "pool").empty()) {
    return {};
  }
  Record record;
  record.address = *address;
  record.pool = string_in(json, "pool");
  record.generation = number_in<std::uint64_t>(json, "generation");
  record.since_boot = std::chrono::nanoseconds(number_in<std::int64_t>(json, "boottimeNs"));
  record.since = time_in(json, "since");
  record.owner = {string_in(json, "container"), string_in(json, "ifname"),
                  string_in(json, "network"), string_in(json, "netns"), string_in(json, "pod")};
  record.note = string_in(json, "note");
  const std::string state = string_in(json, "state");
  for (const State known : kStates) {
    if (state == name_of(known)) {
      record.state = known;
      return record;
    }
  }
  record.state = State::kQuarantined;
  record.note = "state '" + state + "' is not known to this release";
  return record;
}

std::optional<Entry> entry_in(const Json& json, bool drop) {
  Entry entry;
  if (json.is_object()) {
    entry.kind = string_in(json, "kind");
    entry.key = string_in(json, "key");
  }
  if (!is_name(entry.kind) || !is_name(entry.key)) {
    return {};
  }
  if (!drop) {
    entry.text = text_of(json);
    entry.record = entry.kind == kAddressKind ? record_in(entry.key, json) : std::nullopt;
  }
  return entry;
}

}  // namespace

const char* name_of(State state) {
  switch (state) {
    case State::kFree:
      return "free";
    case State::kReserved:
      return "reserved";
    case State::kBound:
      return "bound";
    case State::kCooling:
      return "cooling";
    case State::kQuarantined:
      return "quarantined";
  }
  return "unknown";
}

Entry to_entry(const Record& record, std::string_view earlier) {
  Json json = object_from(earlier);
  Entry entry;
  entry.kind = kAddressKind;
  entry.key = record.address.to_string();
  json["kind"] = entry.kind;
  json["key"] = entry.key;
  json["state"] = name_of(record.state);
  json["pool"] = record.pool;
  json["generation"] = record.generation;
  json["boottimeNs"] = record.since_boot.count();
  json["since"] = base::utc_text_with_ms(record.since);
  set_unless_empty(json, "container", record.owner.container_id);
  set_unless_empty(json, "ifname", record.owner.if_name);
  set_unless_empty(json, "network", record.owner.network);
  set_unless_empty(json, "netns", record.owner.netns);
  set_unless_empty(json, "pod", record.owner.pod);
  set_unless_empty(json, "note", record.note);
  entry.text = text_of(json);
  entry.record = record;
  return entry;
}

std::optional<Record> to_record(const Entry& entry) {
  if (entry.record.has_value() || entry.kind != kAddressKind) {
    return entry.record;
  }
  return record_in(entry.key, parse_record(entry.text));
}

Entry boot_entry(const std::string& boot_id) {
  Entry entry;
  entry.kind = kBootKind;
  entry.key = kBootKind;
  Json json;
  json["kind"] = entry.kind;
  json["key"] = entry.key;
  json["id"] = boot_id;
  entry.text = text_of(json);
  return entry;
}

std::string boot_id_in(std::string_view text) {
  const Json json = parse_record(text);
  return json.is_object() ? string_in(json, "id") : std::string();
}

std::string to_json(std::uint64_t number, const std::vector<Entry>& entries) {
  std::string set;
  std::string drop;
  for (const Entry& entry : entries) {
    if (!entry.text.empty()) {
      set += (set.empty() ? "" : ",") + entry.text;
      continue;
    }
    Json json;
    json["kind"] = entry.kind;
    json["key"] = entry.key;
    drop += (drop.empty() ? "" : ",") + text_of(json);
  }
  std::string json = "{\"n\":" + std::to_string(number);
  if (!set.empty()) {
    json += ",\"set\":[" + set + "]";
  }
  if (!drop.empty()) {
    json += ",\"drop\":[" + drop + "]";
  }
  return json + "}";
}

std::optional<Transaction> transaction_in(std::string_view text) {
  const Json json = parse_record(text);
  Transaction transaction;
  if (!json.is_object()) {
    return {};
  }
  transaction.number = number_in<std::uint64_t>(json, "n");
  if (transaction.number == 0) {
    return {};
  }
  for (const char* const part : {"set", "drop"}) {
    const auto found = json.find(part);
    if (found == json.end()) {
      continue;
    }
    if (!found->is_array()) {
      return {};
    }
    for (const Json& element : *found) {
      std::optional<Entry> entry = entry_in(element, part[0] == 'd');
      if (!entry.has_value()) {
        return {};
      }
      transaction.entries.push_back(std::move(*entry));
    }
  }
  return transaction;
}

std::string to_json(const Header& header) {
  Json json;
  json["catena"] = "ipam";
  json["format"] = header.format;
  json["store"] = header.store;
  json["first"] = header.first;
  return text_of(json);
}

std::optional<Header> header_in(std::string_view text) {
  const Json json = parse_record(text);
  if (!json.is_object() || string_in(json, "catena") != "ipam") {
    return {};
  }
  Header header;
  header.format = number_in<int>(json, "format");
  header.store = string_in(json, "store");
  header.first = number_in<std::uint64_t>(json, "first");
  if (header.format < 1) {
    return {};
  }
  return header;
}

// The index puts control characters between them.
bool is_name(const std::string& text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return c >= 0 && c < ' '; });
}

bool survives_json(const std::string& text) {
  const Json back = parse_record(text_of(Json(text)));
  return back.is_string() && back.get_ref<const std::string&>() == text;
}

}  // namespace catena::ipam
