#include "cli/eni.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

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

}  // namespace

base::Result<Report> eni_list(const Options& options) {
  ipam::Store store = TRY(open_store(options));
  const ipam::CloudRecords cloud = TRY(store.cloud());
  std::map<std::string, Counts> counts = count_by_eni(TRY(store.list()));
  auto node = TRY(netlink::Socket::open());
  const std::vector<netlink::Link> links = TRY(node.list_links());
  Columns columns({"ENI", "SLOT", "MODE", "STATE", "LINK", "MAC", "VSWITCH", "ADDRESSES"});
  Json json = Json::array();
  for (const ipam::Eni& eni : cloud.enis) {
    const auto link = std::ranges::find(links, eni.mac, &netlink::Link::mac);
    const std::string name = link == links.end() ? "" : link->name;
    columns.add({eni.id, eni.slot == 0 ? "" : std::to_string(eni.slot), eni.mode,
                 ipam::name_of(eni.state), name, eni.mac.to_string(), eni.vswitch,
                 text_of(counts[eni.id])});
    json.push_back(json_of(eni, counts[eni.id]));
    if (!name.empty()) {
      json.back()["link"] = name;
    }
  }
  return Report{.text = columns.text(), .json = base::print_json(json)};
}

}  // namespace catena::cli
