#include "sim/gateway/faults.h"

namespace catena::sim {
namespace {

Faults::Stage stage_of(const Fault& fault) {
  if (fault.what == Fault::What::kRefused) {
    return Faults::Stage::kConnection;
  }
  const bool after = fault.when == Fault::When::kAfter || fault.what == Fault::What::kSlow;
  return after ? Faults::Stage::kAfter : Faults::Stage::kBefore;
}

}  // namespace

std::optional<Fault> Faults::draw(const std::string& action, Stage stage) {
  std::uniform_real_distribution<double> chance(0.0, 1.0);
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (stage_of(*fault) != stage || (fault->action != "*" && fault->action != action) ||
        chance(random_) >= fault->probability) {
      continue;
    }
    Fault drawn = *fault;
    if (fault->count > 0 && --fault->count == 0) {
      faults_.erase(fault);
    }
    return drawn;
  }
  return std::nullopt;
}

}  // namespace catena::sim
