// What a key or role may do: the Action patterns of a RAM policy document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::sim {

struct RamPolicy {
  // "ecs:CreateNetworkInterface", "vpc:Describe*", "*"; matched without regard to case.
  std::vector<std::string> allow;
  std::vector<std::string> deny;  // wins over `allow`
  // Lists that show nothing instead of being refused, as DescribeInstances can for lack of rights.
  std::vector<std::string> hidden;

  enum class Verdict { kAllowed, kImplicitDeny, kExplicitDeny };
  Verdict verdict(std::string_view action) const;
  bool hides(std::string_view action) const;

  // A RAM policy document: {"Version":"1","Statement":[{"Effect","Action","Resource"}]}. kBadConfig
  // for a Resource other than "*" and for a Condition, which are not modelled.
  static base::Result<RamPolicy> parse(const nlohmann::json& document);
  static RamPolicy everything() { return {{"*"}, {}, {}}; }
  // What this project's users are told to grant, and the calls about route entries.
  static RamPolicy documented();
};

}  // namespace catena::sim
