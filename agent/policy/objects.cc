#include "agent/policy/objects.h"

#include <nlohmann/json.hpp>

#include "common/base/json_path.h"

namespace catena::agent {
namespace {

using base::Result;
using Json = nlohmann::json;

// The same policy without a rule in either direction; it isolates the same pods.
Json without_rules(Json object) {
  Json& spec = object["spec"];
  const Json* const egress = base::find_at(object, {"spec", "egress"});
  const bool has_egress = egress != nullptr && !egress->is_null() && !egress->empty();
  if (!spec.contains("policyTypes") || !spec["policyTypes"].is_array() ||
      spec["policyTypes"].empty()) {
    spec["policyTypes"] = has_egress ? Json{"Ingress", "Egress"} : Json{"Ingress"};
  }
  spec.erase("ingress");
  spec.erase("egress");
  return object;
}

// All pods of the namespace are isolated, and nothing is allowed.
netpol::Policy of_all_pods(const std::string& space, const std::string& name) {
  netpol::Policy policy;
  policy.space = space;
  policy.name = name;
  policy.ingress.emplace();
  policy.egress.emplace();
  return policy;
}

}  // namespace

Result<Read<netpol::Policy>> read_policy(const Json& object) {
  Result<netpol::Policy> policy = netpol::policy_of(object);
  if (policy.ok()) {
    return Read<netpol::Policy>{.object = std::move(policy).value(), .trouble = {}};
  }
  const std::string space = base::text_at(object, {"metadata", "namespace"});
  const std::string name = base::text_at(object, {"metadata", "name"});
  if (space.empty() || name.empty()) {
    return std::move(policy).error();
  }
  Read<netpol::Policy> read{.object = of_all_pods(space, name), .trouble = policy.error().text()};
  const Json* const spec = base::find_at(object, {"spec"});
  if (spec != nullptr && spec->is_object()) {
    Result<netpol::Policy> closed = netpol::policy_of(without_rules(object));
    read.object = closed.ok() ? std::move(closed).value() : std::move(read.object);
  }
  return read;
}

}  // namespace catena::agent
