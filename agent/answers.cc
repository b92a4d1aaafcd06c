#include "agent/answers.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "agent/duties.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using Json = nlohmann::json;

// Far more than any limit of the cloud, whose refusal says more.
constexpr std::int64_t kMostAddresses = 1000;

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

template <typename Item>
Json texts_of(const std::vector<Item>& items) {
  Json texts = Json::array();
  std::ranges::transform(items, std::back_inserter(texts), &Item::to_string);
  return texts;
}

Result<int> count_of(Fields& args, std::string_view key) {
  return static_cast<int>(TRY(args.integer(key, 0, kMostAddresses)).value_or(0));
}

struct RouteArguments {
  std::vector<base::Prefix> cidrs;
  std::string table;
};

Result<RouteArguments> route_arguments(Fields& args) {
  RouteArguments read;
  read.cidrs = TRY(args.networks("cidrs")).value_or(std::vector<base::Prefix>());
  read.table = TRY(args.string("table")).value_or("");
  TRY(args.no_unknown_keys());
  if (read.cidrs.empty()) {
    return Error(ErrorKind::kBadConfig, "no podCIDR is given: it needs --cidr, or cidrs in --args");
  }
  return read;
}

}  // namespace

Result<Json> answer_of(const Recovered& recovered) {
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

Result<Json> answer_describe(Duty& duty, Fields& args) {
  TRY(args.no_unknown_keys());
  return describe(duty);
}

Result<Json> answer_grow(Duty& duty, Fields& args) {
  GrowRequest request;
  request.eni = TRY(args.string("eni")).value_or("");
  request.ipv4 = TRY(count_of(args, "ipv4"));
  request.ipv6 = TRY(count_of(args, "ipv6"));
  request.mode = TRY(args.string("mode")).value_or("shared");
  request.purpose = TRY(args.string("for")).value_or("");
  TRY(args.no_unknown_keys());
  const Grown grown = TRY(grow(duty, request));
  return Json{{"eni", json_of(grown.eni)}, {"addresses", texts_of(grown.addresses)}};
}

Result<Json> answer_release(Duty& duty, Fields& args) {
  ReleaseRequest request;
  request.eni = TRY(args.string("eni")).value_or("");
  for (const std::string& text :
       TRY(args.strings("addresses")).value_or(std::vector<std::string>())) {
    request.addresses.push_back(TRY(base::IpAddress::parse(text).context("addresses")));
  }
  TRY(args.no_unknown_keys());
  if (request.eni.empty()) {
    return Error(ErrorKind::kBadConfig, "no ENI is given: it needs --eni, or eni in --args");
  }
  TRY(release(duty, request));
  return Json{{"eni", request.eni},
              {"released", request.addresses.empty() ? Json("all") : texts_of(request.addresses)}};
}

Result<Json> answer_recover(Duty& duty, Fields& args) {
  TRY(args.no_unknown_keys());
  return answer_of(TRY(recover(duty)));
}

Result<Json> answer_route_ensure(Duty& duty, Fields& args) {
  const RouteArguments wanted = TRY(route_arguments(args));
  Json routes = Json::array();
  for (const base::Prefix& cidr : wanted.cidrs) {
    const ipam::Route route = TRY(ensure_route(duty, {.cidr = cidr, .table = wanted.table}));
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

Result<Json> answer_route_remove(Duty& duty, Fields& args) {
  const RouteArguments wanted = TRY(route_arguments(args));
  for (const base::Prefix& cidr : wanted.cidrs) {
    TRY(remove_route(duty, {.cidr = cidr, .table = wanted.table}));
  }
  return Json{{"removed", texts_of(wanted.cidrs)}};
}

}  // namespace catena::agent
