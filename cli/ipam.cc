#include "cli/ipam.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "cli/eni_nics.h"
#include "cli/store_view.h"
#include "common/attachment/add.h"
#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/base/utc.h"
#include "common/netlink/socket.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using ipam::Record;
using ipam::State;
using Json = nlohmann::json;

Json json_of(const Record& record) {
  Json json{{"address", record.address.to_string()},
            {"state", ipam::name_of(record.state)},
            {"pool", record.pool},
            {"generation", record.generation},
            {"since", base::utc_text(record.since)}};
  const std::vector<std::pair<const char*, const std::string*>> texts{
      {"containerID", &record.owner.container_id},
      {"ifname", &record.owner.if_name},
      {"network", &record.owner.network},
      {"netns", &record.owner.netns},
      {"pod", &record.owner.pod},
      {"note", &record.note}};
  for (const auto& [key, text] : texts) {
    if (!text->empty()) {
      json[key] = *text;
    }
  }
  return json;
}

// Of an address that nobody has, the store still names the last owner.
bool is_owned(const Record& record) {
  return record.state == State::kBound || record.state == State::kReserved;
}

std::string person_of(const Record& record) {
  if (!is_owned(record)) {
    return "";
  }
  if (record.owner.if_name == ipam::kIntentInterface) {
    return "(cloud call " + record.owner.container_id + ")";
  }
  return record.owner.pod;
}

base::Result<Record> find_record(ipam::Store& store, const IpAddress& address) {
  for (Record& record : TRY(store.list())) {
    if (record.address == address) {
      return std::move(record);
    }
  }
  return Error(ErrorKind::kNotFound, "the store has no record of " + address.to_string())
      .advice("nobody ever had it, or it is another node's");
}

base::Result<bool> kernel_knows(const IpAddress& address) {
  auto node = TRY(netlink::Socket::open());
  return attachment::known_to_kernel(node)(address);
}

Report released(const std::vector<std::string>& addresses, const std::string& how) {
  Report report;
  report.text = base::join(addresses, ", ") + ": " + how + "\n";
  report.json = base::print_json(Json{{"released", addresses}, {"text", how}});
  return report;
}

// The kernel of the node may know nothing of a pod that has a NIC of its own.
base::Status refuse_nic_in_use(ipam::Store& store, const Record& record) {
  const auto eni = TRY(store.eni_of(record.owner.container_id, record.owner.if_name));
  if (!eni.has_value() || eni->mode != ipam::kExclusiveMode ||
      TRY(nic_in_pod(*eni, record)).empty()) {
    return {};
  }
  return Error(ErrorKind::kExists, record.address.to_string() + " is in use: the NIC of " +
                                       eni->id + " is in " + record.owner.netns)
      .advice("delete the pod; its DEL brings the NIC home and frees the address");
}

base::Result<Report> release_bound(ipam::Store& store, const Record& record) {
  std::vector<std::string> freed;
  TRY(refuse_nic_in_use(store, record));
  const auto before = TRY(release_all(store, record.owner));
  freed.reserve(before.size());
  for (const Record& one : before) {
    freed.push_back(one.address.to_string());
  }
  if (freed.empty()) {
    return Error(ErrorKind::kTryAgain,
                 record.address.to_string() + " was freed by somebody else at this moment");
  }
  return released(freed, "free once it has cooled");
}

}  // namespace

base::Result<Report> ipam_list(const Options& options) {
  ipam::Store store = TRY(open_store(options));
  Columns columns({"ADDRESS", "STATE", "POOL", "POD", "CONTAINER", "IFNAME", "SINCE", "NOTE"});
  Json json = Json::array();
  for (const Record& record : TRY(store.list())) {
    const bool owned = is_of_a_pod(record);
    columns.add({record.address.to_string(), ipam::name_of(record.state), record.pool,
                 person_of(record), owned ? record.owner.container_id.substr(0, 13) : "",
                 owned ? record.owner.if_name : "", base::utc_text(record.since), record.note});
    json.push_back(json_of(record));
  }
  return Report{.text = columns.text(), .json = base::print_json(json)};
}

base::Result<Report> ipam_show(const Options& options, const IpAddress& address) {
  ipam::Store store = TRY(open_store(options));
  const Record record = TRY(find_record(store, address));
  const bool known = TRY(kernel_knows(address));
  Json json = json_of(record);
  json["kernelKnowsIt"] = known;
  const std::string whose = is_owned(record) ? "" : "last ";
  Report report{.text = "", .json = base::print_json(json)};
  const std::vector<std::pair<std::string, std::string>> lines{
      {"address", address.to_string()},
      {"state", ipam::name_of(record.state)},
      {"since", base::utc_text(record.since)},
      {"pool", record.pool},
      {"generation", std::to_string(record.generation)},
      {whose + "pod", record.owner.pod},
      {whose + "container", record.owner.container_id},
      {whose + "interface", record.owner.if_name},
      {whose + "network", record.owner.network},
      {whose + "netns", record.owner.netns},
      {"note", record.note},
      {"kernel", known ? "has a route to it" : "does not know it"}};
  for (const auto& [name, value] : lines) {
    if (!value.empty()) {
      report.text.append(name)
          .append(16 - std::min<std::size_t>(name.size(), 15), ' ')
          .append(value)
          .append("\n");
    }
  }
  return report;
}

base::Result<Report> ipam_release(const Options& options, const IpAddress& address) {
  ipam::Store store = TRY(open_store(options));
  const Record record = TRY(find_record(store, address));
  const std::string name = address.to_string();
  if (record.state == State::kFree || record.state == State::kCooling) {
    return released({name}, std::string("nothing to do, it is ") + ipam::name_of(record.state));
  }
  if (record.state == State::kReserved) {
    return Error(ErrorKind::kExists, name + " is part of a change of the cloud that has not ended")
        .advice("catena-agent call recover brings it to an end");
  }
  if (TRY(kernel_knows(address))) {
    return Error(ErrorKind::kExists, name + " is in use: the kernel has a route to it alone")
        .advice(record.state == State::kBound ? "delete pod " + record.owner.pod
                                              : "ip route get " + name + " shows where it is");
  }
  if (record.state == State::kQuarantined) {
    TRY(store.end_quarantine(address));
    return released({name}, "free once it has cooled");
  }
  return release_bound(store, record);
}

}  // namespace catena::cli
