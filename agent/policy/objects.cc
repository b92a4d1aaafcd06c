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

}  // namespace

Result<Read<netpol::Policy>> read_policy(const Json& object) {
  Result<netpol::Policy> policy = netpol::policy_of(object);
  if (policy.ok()) {
    return Read<netpol::Policy>{.object = std::move(policy).value(), .trouble = {}};
  }
  const Json* const spec = base::find_at(object, {"spec"});
  if (spec == nullptr || !spec->is_object()) {
    return std::move(policy).error();
  }
  Result<netpol::Policy> closed = netpol::policy_of(without_rules(object));
  if (!closed.ok()) {
    return std::move(closed).error();
  }
  return Read<netpol::Policy>{.object = std::move(closed).value(),
                              .trouble = policy.error().text()};
}

}  // namespace catena::agent
