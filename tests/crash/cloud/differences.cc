#include "tests/crash/cloud/differences.h"

#include <nlohmann/json.hpp>

#include "agent/prefixes.h"

namespace catena::crash {
namespace {

using nlohmann::json;

std::set<std::string> addresses_of(const json& eni) {
  std::set<std::string> addresses;
  for (const char* family : {"ipv4", "ipv6"}) {
    for (const json& address : eni[family]) {
      addresses.insert(address.get<std::string>());
    }
  }
  for (const char* family : {"ipv4Prefixes", "ipv6Prefixes"}) {
    for (const json& block : eni[family]) {
      const auto prefix = base::Prefix::parse(block.get<std::string>());
      for (const base::IpAddress& address : agent::addresses_in(prefix.value())) {
        addresses.insert(address.to_string());
      }
    }
  }
  return addresses;
}

void compare_enis(const sim::World& world, const json& truth, const ipam::CloudRecords& known,
                  ipam::Store& store, std::vector<std::string>& wrong) {
  for (const json& eni : truth["enis"]) {
    if (eni["state"] != "InUse") {
      wrong.push_back(eni["id"].get<std::string>() + " is " + eni["state"].get<std::string>());
    }
  }
  const EniAddresses in_cloud = addresses_in_cloud(world);
  EniAddresses in_store;
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

EniAddresses addresses_in_cloud(const sim::World& world) {
  EniAddresses in_cloud;
  const json truth = world.dump();
  for (const json& eni : truth["enis"]) {
    if (eni["type"] != "Primary") {
      in_cloud[eni["id"]] = addresses_of(eni);
    }
  }
  return in_cloud;
}

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
  compare_enis(world, truth, known, store, wrong);
  compare_routes(truth, known, wrong);
  return wrong;
}

}  // namespace catena::crash
