#include "common/netpol/record.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/netpol/names.h"

namespace catena::netpol {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kMostBytes = 64U << 10U;
constexpr std::uint64_t kIdSeed = 5;  // other than the seeds of links' names

Result<std::string> text_at(Fields& fields, std::string_view key) {
  return TRY(fields.string(key)).value_or("");
}

Result<std::vector<base::IpAddress>> addresses_at(Fields& fields, std::string_view key) {
  std::vector<base::IpAddress> addresses;
  const auto texts = TRY(fields.strings(key)).value_or(std::vector<std::string>());
  addresses.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto address = base::IpAddress::parse(text);
    if (!address.ok()) {
      return fields.bad_value(key, "addresses");
    }
    addresses.push_back(*address);
  }
  return addresses;
}

Result<Record> read_record(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  TRY(fields.integer("format", kFormat, kFormat));
  Record record;
  record.network = TRY(text_at(fields, "network"));
  record.container_id = TRY(text_at(fields, "containerID"));
  record.if_name = TRY(text_at(fields, "ifname"));
  if (record.container_id.empty() || record.if_name.empty()) {
    return fields.bad_value(record.container_id.empty() ? "containerID" : "ifname", "a name");
  }
  record.netns = TRY(text_at(fields, "netns"));
  record.host_link = TRY(text_at(fields, "hostLink"));
  record.own_nic = TRY(fields.boolean("ownNic")).value_or(false);
  record.addresses = TRY(addresses_at(fields, "addresses"));
  record.pod_namespace = TRY(text_at(fields, "podNamespace"));
  record.pod_name = TRY(text_at(fields, "podName"));
  record.pod_uid = TRY(text_at(fields, "podUid"));
  record.closed_while_unknown = TRY(fields.boolean("closedWhileUnknown")).value_or(true);
  return record;
}

std::string id_of(const std::string& container_id, const std::string& if_name) {
  // A NUL can be in neither part, so two attachments never give the same text.
  return hex_of_hash(container_id + '\0' + if_name, kIdSeed);
}

}  // namespace

std::string Record::id() const { return id_of(container_id, if_name); }

json to_json(const Record& record) {
  json addresses = json::array();
  for (const base::IpAddress& address : record.addresses) {
    addresses.push_back(address.to_string());
  }
  return {{"format", kFormat},
          {"network", record.network},
          {"containerID", record.container_id},
          {"ifname", record.if_name},
          {"netns", record.netns},
          {"hostLink", record.host_link},
          {"ownNic", record.own_nic},
          {"addresses", std::move(addresses)},
          {"podNamespace", record.pod_namespace},
          {"podName", record.pod_name},
          {"podUid", record.pod_uid},
          {"closedWhileUnknown", record.closed_while_unknown}};
}

Result<Record> record_of(const json& json) {
  Result<Record> record = read_record(json);
  if (!record.ok()) {
    return std::move(record).error().as(ErrorKind::kUndecodable);
  }
  return record;
}

Status Records::write(const Record& record) const {
  return folder_.write(record.id(), base::print_json(to_json(record)) + "\n");
}

Result<std::optional<Record>> Records::read(const std::string& name) const {
  const auto text = TRY(folder_.read(name));
  if (!text.has_value()) {
    return std::optional<Record>();
  }
  const auto object = base::parse_json(*text, kMostBytes);
  if (!object.ok()) {
    return Error(object.error()).context("read " + folder_.path_of(name));
  }
  Result<Record> record = record_of(*object);
  if (!record.ok()) {
    return std::move(record).error().context("read " + folder_.path_of(name));
  }
  return std::optional<Record>(*std::move(record));
}

Result<std::optional<Record>> Records::find(const std::string& container_id,
                                            const std::string& if_name) const {
  return read(id_of(container_id, if_name));
}

bool Records::has(const std::string& container_id, const std::string& if_name) const {
  return folder_.has(id_of(container_id, if_name));
}

Result<std::vector<Record>> Records::list(std::vector<std::string>& notices) const {
  struct Found {
    std::filesystem::file_time_type written;
    Record record;
  };
  std::vector<Found> found;
  for (const std::string& name : TRY(folder_.names())) {
    std::error_code failure;  // of one that is gone by now
    const auto written = std::filesystem::last_write_time(folder_.path_of(name), failure);
    auto record = read(name);
    if (!record.ok()) {
      notices.push_back(record.error().text());
    } else if (record->has_value()) {
      found.push_back({written, **std::move(record)});
    }
  }
  std::ranges::stable_sort(found, {}, &Found::written);
  std::vector<Record> records;
  std::ranges::transform(found, std::back_inserter(records),
                         [](Found& one) { return std::move(one.record); });
  return records;
}

Status Records::remove(const std::string& container_id, const std::string& if_name) const {
  const std::string name = id_of(container_id, if_name);
  const auto record = read(name);
  if (record.ok() && record->has_value()) {
    for (const base::IpAddress& address : (*record)->addresses) {
      TRY(left_.write(address.to_string(), name + "\n").context("note what the pod leaves"));
    }
  }
  return folder_.remove(name);
}

Result<std::vector<base::IpAddress>> Records::left() const {
  std::vector<base::IpAddress> addresses;
  for (const std::string& name : TRY(left_.names())) {
    if (const auto address = base::IpAddress::parse(name); address.ok()) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

std::vector<base::IpAddress> Records::left_among(
    const std::vector<base::IpAddress>& addresses) const {
  std::vector<base::IpAddress> among;
  std::ranges::copy_if(
      addresses, std::back_inserter(among),
      [this](const base::IpAddress& address) { return left_.has(address.to_string()); });
  return among;
}

Status Records::settle(const std::vector<base::IpAddress>& addresses) const {
  for (const base::IpAddress& address : addresses) {
    TRY(left_.remove(address.to_string()));
  }
  return {};
}

}  // namespace catena::netpol
