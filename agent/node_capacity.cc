#include "agent/node_capacity.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "agent/api.h"
#include "common/kube/objects.h"
#include "common/kube/resource.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

constexpr const char* kResource = "aliyun/eni";
constexpr std::array kParts{"capacity", "allocatable"};
constexpr std::int64_t kMostEnis = 1024;  // far more than any instance type has

// `wanted` as the API writes quantities; null: there is none.
bool is_so(const Json& node, const Json& wanted) {
  return std::ranges::all_of(kParts, [&](const char* part) {
    const Json* const found = kube::find_at(node, {"status", part, kResource});
    return found == nullptr ? wanted.is_null() : *found == wanted;
  });
}

Result<Json> wanted_of(base::Fields& args) {
  const auto capacity = TRY(args.integer("capacity", 0, kMostEnis));
  const bool withdraw = TRY(args.boolean("withdraw")).value_or(false);
  TRY(args.no_unknown_keys());
  if (capacity.has_value() == withdraw) {
    return Error(ErrorKind::kBadConfig,
                 "node.capacity: expected either 'capacity', or 'withdraw': true");
  }
  return capacity.has_value() ? Json(std::to_string(*capacity)) : Json();
}

}  // namespace

Result<Json> answer_node_capacity(LocalDuty& duty, base::Fields& args) {
  const Json wanted = TRY(wanted_of(args));
  Result<kube::Client> client = open_api(duty.api, duty.budget);
  if (!client.ok()) {
    return std::move(client).error();
  }
  const kube::Reference node{.resource = kube::kNodes, .space = {}, .name = duty.node_name};
  const Json found = TRY(client->get(node));
  const bool patched = !is_so(found, wanted);
  if (patched) {
    Json status;
    for (const char* part : kParts) {
      status[part][kResource] = wanted;
    }
    const Json change{{"status", status}};
    TRY(client->patch(node, kube::PatchKind::kMerge, change, "status"));
  }
  return Json{{"node", duty.node_name}, {"capacity", wanted}, {"patched", patched}};
}

}  // namespace catena::agent
