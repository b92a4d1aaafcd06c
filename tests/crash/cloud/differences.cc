#include "tests/crash/cloud/differences.h"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

namespace catena::crash {
namespace {

using nlohmann::json;
using Addresses = std::map<std::string, std::set<std::string>>;  // by ENI

void compare_enis(const json& truth, const ipam::CloudRecords& known, ipam::Store& store,
                  std::vector<std::string>& wrong) {
  Addresses in_cloud;
  for (const json& eni : truth["enis"]) {
    if (eni["type"] == "Primary") {
      continue;
    }
    std::set<std::string>& addresses = in_cloud[eni["id"]];
    for (const char* family : {"ipv4", "ipv6"}) {
      for (const json& address : eni[family]) {
        addresses.insert(address.get<std::string>());
      }
    }
    if (eni["state"] != "InUse") {
      wrong.push_back(eni["id"].get<std::string>() + " is " + eni["state"].get<std::string>());
    }
  }
  Addresses in_store;
  for (const ipam::Eni& eni : known.enis) {
    in_store[eni.id];
    if (eni.state != ipam::EniState::kInUse) {
      wrong.push_back(eni.id + " is " + ipam::name_of(eni.state) + " in the store");
    }
  }
  for (const ipam::Record& record : store.list().value()) {
    in_store[record.pool].insert(record.address.to_string());
    if (record.state != ipam::State::kFree) {
      wrong.push_back(record.address.to_string() + " is " + ipam::name_of(record.state));
    }
  }
  if (in_cloud != in_store) {
    wrong.push_back("ENIs: the cloud has " + json(in_cloud).dump() + ", the store " +
                    json(in_store).dump());
  }
}

void compare_routes(const json& truth, const ipam::CloudRecords& known,
                    std::vector<std::string>& wrong) {
  std::set<std::string> in_cloud;
  for (const json& route : truth["routes"]) {
    if (route["type"] == "Custom") {
      in_cloud.insert(route["id"].get<std::string>() + " " + route["state"].get<std::string>());
    }
  }
  std::set<std::string> in_store;
  for (const ipam::Route& route : known.routes) {
    in_store.insert(route.entry + " " +
                    (route.state == ipam::RouteState::kAvailable ? "Available" : "?"));
  }
  if (in_cloud != in_store) {
    wrong.push_back("routes: the cloud has " + json(in_cloud).dump() + ", the store " +
                    json(in_store).dump());
  }
}

}  // namespace

std::vector<std::string> differences(const sim::World& world, ipam::Store& store) {
  std::vector<std::string> wrong;
  for (const sim::Orphan& orphan : world.orphans()) {
    wrong.push_back("orphan " + orphan.kind + " " + orphan.id + " " + orphan.why);
  }
  const json truth = world.dump();
  const ipam::CloudRecords known = store.cloud().value();
  for (const ipam::Intent& intent : known.intents) {
    wrong.push_back("intent " + intent.action + " " + intent.key + " is left");
  }
  compare_enis(truth, known, store, wrong);
  compare_routes(truth, known, wrong);
  return wrong;
}

}  // namespace catena::crash
