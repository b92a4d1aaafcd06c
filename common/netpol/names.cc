#include "common/netpol/names.h"

#include <cstdio>

#include "common/base/hash.h"

namespace catena::netpol {

std::string hex_of_hash(std::string_view text, std::uint64_t seed) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx",
                static_cast<unsigned long long>(base::hash64(text, seed)));
  return digits;
}

std::string Names::take(std::string_view prefix, const std::string& text) {
  for (std::uint64_t seed = 0;; ++seed) {
    std::string name = std::string(prefix) + hex_of_hash(text, seed);
    const auto [at, is_new] = texts_.try_emplace(name, text);
    if (is_new || at->second == text) {
      return name;
    }
  }
}

}  // namespace catena::netpol
