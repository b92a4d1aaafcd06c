// Names of sets and chains: a prefix and a hash of what they stand for. Who writes policies can
// find two texts of one hash, so a name is never given twice. Internal to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace catena::netpol {

// 16 hexadecimal digits.
std::string hex_of_hash(std::string_view text, std::uint64_t seed = 0);

class Names {
 public:
  // The same as long as nobody else has it. Give it back when what it names is gone.
  std::string take(std::string_view prefix, const std::string& text);
  void give_back(const std::string& name) { texts_.erase(name); }

 private:
  std::map<std::string, std::string> texts_;  // by name
};

}  // namespace catena::netpol
