// catena on a node of a test.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

struct CatenaCall {
  std::vector<std::string> words;
  std::string state_dir;
  // Beside CATENA_SOCKET, which leads nowhere unless it is among them.
  std::vector<std::pair<std::string, std::string>> environment;
};

Outcome catena_on(const ScratchNetNs& node, const CatenaCall& call);
// With --json; fails the running test where stdout is none.
nlohmann::json catena_json(const ScratchNetNs& node, CatenaCall call);

// The findings about `subject`, "verdict: text" each.
std::vector<std::string> findings_about(const nlohmann::json& report, const std::string& subject);

}  // namespace catena::test
