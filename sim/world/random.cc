#include "sim/world/random.h"

namespace catena::sim {

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31U);
}

// The bias of the remainder is far below anything a test could see.
std::uint64_t Random::below(std::uint64_t limit) { return next() % limit; }

Millis Random::within(const TimeRange& range) {
  const auto width = static_cast<std::uint64_t>((range.most - range.least).count());
  return range.least + Millis{static_cast<std::int64_t>(below(width + 1))};
}

std::string Random::id(const std::string& prefix) {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::string text = prefix + "bp1";
  for (int i = 0; i < 17; ++i) {
    text += kDigits[below(36)];
  }
  return text;
}

}  // namespace catena::sim
