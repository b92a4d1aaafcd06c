#include "agent/call.h"

#include <cstdio>
#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "agent/duties.h"
#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/log.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using Json = nlohmann::json;

Json json_of(const ipam::Eni& eni) {
  Json json{{"id", eni.id},
            {"mac", eni.mac.to_string()},
            {"vswitch", eni.vswitch},
            {"address", eni.address.to_string()},
            {"gateway", eni.gateway.to_string()},
            {"prefixLength", eni.prefix_length},
            {"mode", eni.mode},
            {"state", ipam::name_of(eni.state)}};
  if (eni.gateway6.has_value()) {
    json["gateway6"] = eni.gateway6->to_string();
  }
  return json;
}

base::Result<std::vector<base::Prefix>> cidrs_of(const Call& call) {
  std::vector<base::Prefix> cidrs;
  for (const std::string& text : call.cidrs) {
    const base::Prefix cidr = TRY(base::Prefix::parse(text).context("--cidr"));
    if (cidr.has_host_bits()) {
      return Error(ErrorKind::kBadConfig, "--cidr " + text + " has host bits, expected " +
                                              cidr.network().to_string() + "/" +
                                              std::to_string(cidr.length()));
    }
    cidrs.push_back(cidr);
  }
  if (cidrs.empty()) {
    return Error(ErrorKind::kBadConfig, call.duty + " needs --cidr");
  }
  return cidrs;
}

base::Result<Json> run_grow(Duty& duty, const Call& call) {
  const GrowRequest request{.eni = call.eni,
                            .ipv4 = call.ipv4,
                            .ipv6 = call.ipv6,
                            .mode = call.mode,
                            .purpose = call.purpose};
  const Grown grown = TRY(grow(duty, request));
  Json json{{"eni", json_of(grown.eni)}, {"addresses", Json::array()}};
  for (const base::IpAddress& address : grown.addresses) {
    json["addresses"].push_back(address.to_string());
  }
  return json;
}

base::Result<Json> run_release(Duty& duty, const Call& call) {
  ReleaseRequest request{.eni = call.eni, .addresses = {}};
  if (call.eni.empty()) {
    return Error(ErrorKind::kBadConfig, "release needs --eni");
  }
  for (const std::string& text : call.addresses) {
    request.addresses.push_back(TRY(base::IpAddress::parse(text).context("--address")));
  }
  TRY(release(duty, request));
  return Json{{"eni", call.eni},
              {"released", call.addresses.empty() ? Json("all") : Json(call.addresses)}};
}

base::Result<Json> run_recover(Duty& duty, const Call&) {
  const Recovered recovered = TRY(recover(duty));
  if (recovered.left.empty()) {
    return Json{{"done", recovered.done}};
  }
  Error first = recovered.left.front();
  if (recovered.left.size() > 1) {
    return std::move(first).append("; and " + std::to_string(recovered.left.size() - 1) +
                                   " more that are not at an end");
  }
  return first;
}

base::Result<Json> run_ensure(Duty& duty, const Call& call) {
  Json routes = Json::array();
  for (const base::Prefix& cidr : TRY(cidrs_of(call))) {
    const ipam::Route route = TRY(ensure_route(duty, {.cidr = cidr, .table = call.table}));
    routes.push_back({{"cidr", route.cidr.to_string()},
                      {"table", route.table},
                      {"entry", route.entry},
                      {"nextHop", route.next_hop},
                      {"state", ipam::name_of(route.state)}});
  }
  Json json;
  json["routes"] = std::move(routes);
  return json;
}

base::Result<Json> run_remove(Duty& duty, const Call& call) {
  for (const base::Prefix& cidr : TRY(cidrs_of(call))) {
    TRY(remove_route(duty, {.cidr = cidr, .table = call.table}));
  }
  return Json{{"removed", call.cidrs}};
}

struct Kind {
  base::Result<Json> (*run)(Duty&, const Call&);
  // Two calls of duties with the same lock wait for each other; null: none.
  const char* lock;
};

const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> all{
      {"describe", {[](Duty& duty, const Call&) { return describe(duty); }, nullptr}},
      {"grow", {run_grow, "enis.lock"}},
      {"release", {run_release, "enis.lock"}},
      {"recover", {run_recover, "enis.lock"}},
      {"route.ensure", {run_ensure, "routes.lock"}},
      {"route.remove", {run_remove, "routes.lock"}},
  };
  return all;
}

Exit exit_for(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kTryAgain:
      return Exit::kLater;
    case ErrorKind::kBadConfig:
    case ErrorKind::kBadEnvironment:
    case ErrorKind::kUndecodable:
      return Exit::kUsage;
    default:
      return Exit::kFailed;
  }
}

base::Result<Json> perform(const Call& call, base::Log& log) {
  const auto kind = kinds().find(call.duty);
  if (kind == kinds().end()) {
    std::string names;
    for (const auto& [name, ignored] : kinds()) {
      names += (names.empty() ? "" : ", ") + name;
    }
    return Error(ErrorKind::kBadConfig,
                 "there is no duty '" + call.duty + "', expected one of: " + names);
  }
  const base::Deadline deadline(call.deadline);
  Node node = TRY(Node::open(call.node));
  std::optional<base::FileLock> lock;
  if (kind->second.lock != nullptr) {
    lock = TRY(base::FileLock::acquire(call.node.state_dir + "/" + kind->second.lock, deadline)
                   .context("wait for another call"));
  }
  // recover() carries route intents to an end too: nobody else may work on them meanwhile.
  std::optional<base::FileLock> routes;
  if (call.duty == "recover") {
    routes = TRY(base::FileLock::acquire(call.node.state_dir + "/routes.lock", deadline)
                     .context("wait for another call"));
  }
  Duty duty(node.store(), node.client(), node.settings(), deadline.left());
  base::Result<Json> result = kind->second.run(duty, call);
  std::vector<std::string> notices = node.notices();
  for (std::string& notice : duty.take_notices()) {
    notices.push_back(std::move(notice));
  }
  for (const std::string& notice : notices) {
    log.warning(notice);
  }
  if (result.ok() && !notices.empty()) {
    Json json = std::move(result).value();
    json["notices"] = notices;
    return json;
  }
  return result;
}

}  // namespace

Exit run(const Call& call) {
  base::Log log("catena-agent");
  const base::Result<Json> result = perform(call, log);
  if (!result.ok()) {
    std::string line = call.duty + ": " + result.error().text();
    for (char& c : line) {
      c = c == '\n' ? ' ' : c;
    }
    log.error(line);
    std::fprintf(stderr, "catena-agent: %s\n", line.c_str());
    return exit_for(result.error());
  }
  std::printf("%s\n", base::print_json(*result).c_str());
  return Exit::kDone;
}

}  // namespace catena::agent
