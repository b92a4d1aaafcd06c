#include "cli/eni.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "cli/eni_nics.h"
#include "cli/store_view.h"
#include "common/base/fields.h"
#include "common/netlink/socket.h"

namespace catena::cli {
namespace {

using Json = nlohmann::json;
// How many addresses of one ENI are in each state.
using Counts = std::map<ipam::State, std::size_t>;

std::map<std::string, Counts> count_by_eni(const std::vector<ipam::Record>& records) {
  std::map<std::string, Counts> all;
  for (const ipam::Record& record : records) {
    ++all[record.pool][record.state];
  }
  return all;
}

std::string text_of(const Counts& counts) {
  std::string text;
  for (const auto& [state, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + ipam::name_of(state);
  }
  return text;
}

Json json_of(const ipam::Eni& eni, const Counts& counts) {
  Json json{{"id", eni.id},
            {"slot", eni.slot},
            {"mac", eni.mac.to_string()},
            {"vswitch", eni.vswitch},
            {"address", eni.address.to_string()},
            {"gateway", eni.gateway.to_string()},
            {"prefixLength", eni.prefix_length},
            {"mode", eni.mode},
            {"state", ipam::name_of(eni.state)},
            {"addresses", Json::object()}};
  if (eni.gateway6) {
    json["gateway6"] = eni.gateway6->to_string();
  }
  for (const auto& [state, count] : counts) {
    json["addresses"][ipam::name_of(state)] = count;
  }
  return json;
}

// Its name, and the pod that it is in.
struct NicPlace {
  std::string link;
  std::string pod;
};

base::Result<NicPlace> place_of(const ipam::Eni& eni, const std::vector<netlink::Link>& links,
                                const std::vector<ipam::Record>& records) {
  const auto link = std::ranges::find(links, eni.mac, &netlink::Link::mac);
  if (link != links.end()) {
    return NicPlace{.link = link->name, .pod = {}};
  }
  const ipam::Record* const holder =
      eni.mode == ipam::kExclusiveMode ? holder_of(eni, records) : nullptr;
  if (holder == nullptr) {
    return NicPlace();
  }
  NicPlace place;
  place.link = TRY(nic_in_pod(eni, *holder));
  place.pod = holder->owner.pod;
  if (place.pod.empty()) {
    place.pod = holder->owner.container_id;
  }
  return place;
}

}  // namespace

base::Result<Report> eni_list(const Options& options) {
  ipam::Store store = TRY(open_store(options));
  const ipam::CloudRecords cloud = TRY(store.cloud());
  const std::vector<ipam::Record> records = TRY(store.list());
  std::map<std::string, Counts> counts = count_by_eni(records);
  auto node = TRY(netlink::Socket::open());
  const std::vector<netlink::Link> links = TRY(node.list_links());
  Columns columns({"ENI", "SLOT", "MODE", "STATE", "LINK", "MAC", "VSWITCH", "ADDRESSES"});
  Json json = Json::array();
  for (const ipam::Eni& eni : cloud.enis) {
    const NicPlace place = TRY(place_of(eni, links, records));
    const bool in_pod = !place.link.empty() && !place.pod.empty();
    columns.add({eni.id, eni.slot == 0 ? "" : std::to_string(eni.slot), eni.mode,
                 ipam::name_of(eni.state), in_pod ? place.link + " in " + place.pod : place.link,
                 eni.mac.to_string(), eni.vswitch, text_of(counts[eni.id])});
    json.push_back(json_of(eni, counts[eni.id]));
    if (!place.link.empty()) {
      json.back()["link"] = place.link;
    }
    if (!place.pod.empty()) {
      json.back()["pod"] = place.pod;
    }
  }
  return Report{.text = columns.text(), .json = base::print_json(json)};
}

}  // namespace catena::cli
