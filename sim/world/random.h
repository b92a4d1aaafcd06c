// All chance of a world comes from here: the same seed gives the same numbers on every machine.
#pragma once

#include <cstdint>
#include <string>

#include "sim/scene.h"

namespace catena::sim {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Below `limit`, which is not 0.
  std::uint64_t below(std::uint64_t limit);
  Millis within(const TimeRange& range);
  bool percent(int chance) { return chance > 0 && below(100) < static_cast<unsigned>(chance); }
  // `prefix` + "bp1" + random base36, as long as the cloud's ids.
  std::string id(const std::string& prefix);

 private:
  std::uint64_t state_;
};

}  // namespace catena::sim
