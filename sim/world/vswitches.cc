// DescribeVSwitches, DescribeVpcs.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/limits.h"
#include "sim/world/paging.h"
#include "sim/world/pool.h"
#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::int64_t kPageMost = 50;
constexpr std::size_t kVpcsMost = 20;

std::vector<std::string> comma_list(const std::string& text) {
  std::vector<std::string> list;
  for (const std::string_view piece : base::split(text, ',')) {
    if (!piece.empty()) {
      list.emplace_back(piece);
    }
  }
  return list;
}

bool named(const std::vector<std::string>& wanted, const std::string& id) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end();
}

json vswitch_json(const State& state, const VSwitch& vswitch) {
  const std::int64_t* available = vswitch.available.seen(state.now);
  const Vpc& vpc = state.vpcs.at(vswitch.vpc);
  return json{{"VSwitchId", vswitch.id},
              {"VpcId", vswitch.vpc},
              {"Status", vswitch.pending ? "Pending" : "Available"},
              {"ZoneId", vswitch.zone},
              {"CidrBlock", vswitch.cidr.to_string()},
              {"AvailableIpAddressCount", available == nullptr ? 0 : *available},
              {"Ipv6CidrBlock", text_of(vswitch.ipv6_cidr)},
              {"EnabledIpv6", vswitch.ipv6_cidr.has_value()},
              {"IsDefault", false},
              {"VSwitchName", vswitch.name},
              {"Description", ""},
              {"CreationTime", with_seconds(state.scene.start)},
              {"NetworkAclId", ""},
              {"OwnerId", std::stoll(state.scene.account)},
              {"ResourceGroupId", ""},
              {"ShareType", ""},
              {"Tags", vpc_tags(vswitch.tags)},
              {"RouteTable", {{"RouteTableId", vpc.tables.front()}, {"RouteTableType", "System"}}}};
}

json vpc_json(const State& state, const Vpc& vpc) {
  std::vector<std::string> vswitches;
  for (const auto& [id, vswitch] : state.vswitches) {
    if (vswitch.vpc == vpc.id) {
      vswitches.push_back(id);
    }
  }
  std::vector<json> ipv6;
  if (vpc.ipv6_cidr) {
    ipv6.push_back(json{{"Ipv6CidrBlock", text_of(vpc.ipv6_cidr)}, {"Ipv6Isp", "BGP"}});
  }
  return json{{"VpcId", vpc.id},
              {"VpcName", vpc.name},
              {"Description", ""},
              {"Status", "Available"},
              {"RegionId", state.scene.region},
              {"IsDefault", false},
              {"CidrBlock", vpc.cidr.to_string()},
              {"SecondaryCidrBlocks", wrapped_texts("SecondaryCidrBlock", {})},
              {"UserCidrs", wrapped_texts("UserCidr", {})},
              {"Ipv6CidrBlock", text_of(vpc.ipv6_cidr)},
              {"EnabledIpv6", vpc.ipv6_cidr.has_value()},
              {"Ipv6CidrBlocks", wrapped("Ipv6CidrBlock", std::move(ipv6))},
              {"VRouterId", vpc.router},
              {"RouterTableIds", wrapped_texts("RouterTableIds", vpc.tables)},
              {"VSwitchIds", wrapped_texts("VSwitchId", vswitches)},
              {"NatGatewayIds", wrapped_texts("NatGatewayIds", {})},
              {"CreationTime", with_seconds(state.scene.start)},
              {"OwnerId", std::stoll(state.scene.account)},
              {"ResourceGroupId", ""},
              {"CenStatus", "Detached"},
              {"Tags", vpc_tags(vpc.tags)}};
}

json page_json(const Page& page) {
  return json{{"PageNumber", page.number}, {"PageSize", page.size}, {"TotalCount", page.total}};
}

}  // namespace

Outcome<json> describe_vswitches(State& state, const Params& params) {
  const std::string vpc = params.text("VpcId");
  if (params.region().empty() && vpc.empty()) {
    return missing_parameter("VpcId");
  }
  if (!params.region().empty()) {
    TRY(check_region(state, params));
  }
  if (!vpc.empty() && !state.vpcs.contains(vpc)) {
    return Refusal{400, "Forbidden.VpcNotFound", "Specified VPC can not found."};
  }
  const auto is_default = TRY(params.boolean("IsDefault"));
  const std::vector<std::string> wanted = comma_list(params.text("VSwitchId"));
  std::map<std::uint64_t, const VSwitch*> rows;
  std::vector<std::uint64_t> serials;
  for (const auto& [id, vswitch] : state.vswitches) {
    if (named(wanted, id) && (vpc.empty() || vswitch.vpc == vpc) &&
        (!params.has("ZoneId") || params.text("ZoneId") == vswitch.zone) &&
        !is_default.value_or(false) && has_tags(vswitch.tags, params)) {
      rows.emplace(vswitch.serial, &vswitch);
    }
  }
  // A single unknown id is an error; in a list it is just not there.
  if (wanted.size() == 1 && !state.vswitches.contains(wanted.front())) {
    return Refusal{404, "InvalidVSwitchId.NotFound", "VSwitch not exist."};
  }
  serials.reserve(rows.size());
  for (const auto& [serial, vswitch] : rows) {
    serials.push_back(serial);
  }
  const Page page = TRY(page_by_number(params, serials, kPageMost));
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(vswitch_json(state, *rows.at(serial)));
  }
  json answer = page_json(page);
  answer["VSwitches"] = wrapped("VSwitch", std::move(list));
  return answer;
}

Outcome<json> describe_vpcs(State& state, const Params& params) {
  TRY(check_region(state, params));
  const std::vector<std::string> wanted = comma_list(params.text("VpcId"));
  if (wanted.size() > kVpcsMost) {
    return bad_parameter("VpcId");
  }
  const auto is_default = TRY(params.boolean("IsDefault"));
  const auto ipv6 = TRY(params.boolean("EnableIpv6"));
  std::map<std::uint64_t, const Vpc*> rows;
  std::vector<std::uint64_t> serials;
  for (const auto& [id, vpc] : state.vpcs) {
    if (named(wanted, id) && !is_default.value_or(false) &&
        ipv6.value_or(vpc.ipv6_cidr.has_value()) == vpc.ipv6_cidr.has_value() &&
        (!params.has("VpcName") || params.text("VpcName") == vpc.name) &&
        has_tags(vpc.tags, params)) {
      rows.emplace(vpc.serial, &vpc);
    }
  }
  serials.reserve(rows.size());
  for (const auto& [serial, vpc] : rows) {
    serials.push_back(serial);
  }
  const Page page = TRY(page_by_number(params, serials, kPageMost));
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(vpc_json(state, *rows.at(serial)));
  }
  json answer = page_json(page);
  answer["Vpcs"] = wrapped("Vpc", std::move(list));
  return answer;
}

}  // namespace catena::sim
