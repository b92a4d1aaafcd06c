#include "sim/gateway/ram_policy.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"

namespace catena::sim {
namespace {

using base::Fields;
using base::Result;
using nlohmann::json;

// "*" stands for any text; everything else for itself, whatever its case.
bool fits(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) {
    return base::equal_ignoring_case(pattern, text);
  }
  if (text.size() < star ||
      !base::equal_ignoring_case(pattern.substr(0, star), text.substr(0, star))) {
    return false;
  }
  const std::string_view rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (fits(rest, text.substr(at))) {
      return true;
    }
  }
  return false;
}

bool any_fits(const std::vector<std::string>& patterns, std::string_view action) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return fits(pattern, action); });
}

// A RAM document may have one string where it could have a list.
Result<std::vector<std::string>> one_or_more(Fields& fields, std::string_view key) {
  const json* value = fields.raw(key);
  if (value != nullptr && value->is_string()) {
    return std::vector<std::string>{value->get<std::string>()};
  }
  std::optional<std::vector<std::string>> list = TRY(fields.strings(key));
  if (!list.has_value()) {
    return fields.bad_value(key, "a string or a list of strings");
  }
  return *std::move(list);
}

base::Status add_statement(Fields& statement, RamPolicy& policy) {
  const std::optional<std::string> effect = TRY(statement.one_of("Effect", {"Allow", "Deny"}));
  if (!effect.has_value()) {
    return statement.bad_value("Effect", "Allow or Deny");
  }
  const std::vector<std::string> actions = TRY(one_or_more(statement, "Action"));
  const std::vector<std::string> resources = TRY(one_or_more(statement, "Resource"));
  if (resources != std::vector<std::string>{"*"}) {
    return statement.bad_value("Resource", "\"*\": single resources are not modelled");
  }
  TRY(statement.no_unknown_keys());
  std::vector<std::string>& target = *effect == "Allow" ? policy.allow : policy.deny;
  target.insert(target.end(), actions.begin(), actions.end());
  return {};
}

}  // namespace

RamPolicy::Verdict RamPolicy::verdict(std::string_view action) const {
  if (any_fits(deny, action)) {
    return Verdict::kExplicitDeny;
  }
  return any_fits(allow, action) ? Verdict::kAllowed : Verdict::kImplicitDeny;
}

bool RamPolicy::hides(std::string_view action) const { return any_fits(hidden, action); }

Result<RamPolicy> RamPolicy::parse(const json& document) {
  Fields fields = TRY(Fields::of(document, ""));
  RamPolicy policy;
  TRY(fields.one_of("Version", {"1"}));
  std::optional<std::vector<Fields>> statements = TRY(fields.objects("Statement"));
  if (!statements.has_value()) {
    return fields.bad_value("Statement", "a list of statements");
  }
  for (Fields& statement : *statements) {
    TRY(add_statement(statement, policy));
  }
  TRY(fields.no_unknown_keys());
  return policy;
}

RamPolicy RamPolicy::documented() {
  return {{"ecs:CreateNetworkInterface",
           "ecs:DescribeNetworkInterfaces",
           "ecs:AttachNetworkInterface",
           "ecs:DetachNetworkInterface",
           "ecs:DeleteNetworkInterface",
           "ecs:DescribeInstanceAttribute",
           "ecs:DescribeInstanceTypes",
           "ecs:AssignPrivateIpAddresses",
           "ecs:UnassignPrivateIpAddresses",
           "ecs:DescribeInstances",
           "ecs:ModifyNetworkInterfaceAttribute",
           "vpc:DescribeVSwitches",
           "vpc:DescribeVpcs",
           "vpc:DescribeRouteTableList",
           "vpc:DescribeRouteTables",
           "vpc:DescribeRouteEntryList",
           "vpc:CreateRouteEntry",
           "vpc:CreateRouteEntries",
           "vpc:DeleteRouteEntry",
           "vpc:DeleteRouteEntries"},
          {},
          {}};
}

}  // namespace catena::sim
