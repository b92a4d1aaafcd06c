#include "tests/crash/cloud/trouble.h"

#include <algorithm>
#include <array>

namespace catena::crash {

using nlohmann::json;

int below(std::mt19937_64& random, int bound) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(std::max(bound, 1)));
}

void disturb(sim::Faults& faults, std::mt19937_64& random) {
  using What = sim::Fault::What;
  constexpr std::array kKinds{What::kError, What::kLost, What::kHtml, What::kHalf, What::kRefused};
  faults.clear();
  for (int i = below(random, 3); i > 0; --i) {
    sim::Fault fault;
    fault.what = kKinds.at(static_cast<std::size_t>(below(random, 5)));
    fault.when = below(random, 2) == 0 ? sim::Fault::When::kBefore : sim::Fault::When::kAfter;
    fault.count = 1 + below(random, 4);
    fault.probability = 0.2 + 0.2 * below(random, 4);
    if (fault.what == What::kError && below(random, 3) == 0) {
      fault.when = sim::Fault::When::kBefore;
      fault.status = 400;
      fault.code = "Throttling.User";
      fault.message = "Request was denied due to user flow control.";
    }
    faults.add(fault);
  }
}

std::optional<json> mischief(const sim::World& world, std::mt19937_64& random) {
  json enis = json::array();
  const json truth = world.dump();
  for (const json& eni : truth["enis"]) {
    if (eni["type"] != "Primary") {
      enis.push_back(eni);
    }
  }
  if (enis.empty()) {
    return std::nullopt;
  }
  const json eni = enis[static_cast<std::size_t>(below(random, static_cast<int>(enis.size())))];
  json request{{"do", "delete_eni"}, {"eni", eni["id"]}};
  if (below(random, 2) == 0 && eni["ipv4"].size() > 1) {
    request["do"] = "unassign";
    request["address"] = eni["ipv4"].back();
  } else if (below(random, 2) == 0) {
    request["do"] = "assign";
  } else if (below(random, 2) == 0 && eni["state"] == "InUse") {
    request["do"] = "detach_eni";
  }
  return request;
}

}  // namespace catena::crash
