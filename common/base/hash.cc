#include "common/base/hash.h"

#include <array>
#include <cstddef>

namespace catena::base {
namespace {

constexpr std::uint32_t kCastagnoliReflected = 0x82f63b78U;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? (value >> 1U) ^ kCastagnoliReflected : value >> 1U;
    }
    table.at(i) = value;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kCrcTable = make_crc_table();

}  // namespace

std::uint64_t hash64(std::string_view data, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
  for (const char character : data) {
    hash ^= static_cast<std::uint8_t>(character);
    hash *= 0x100000001b3U;
  }
  hash ^= hash >> 33U;
  hash *= 0xff51afd7ed558ccdU;
  hash ^= hash >> 33U;
  hash *= 0xc4ceb9fe1a85ec53U;
  hash ^= hash >> 33U;
  return hash;
}

std::string name_of_hash(std::uint64_t hash) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::string name;
  for (int i = 0; i < 12; ++i) {
    name += kAlphabet[hash & 31U];
    hash >>= 5U;
  }
  return name;
}

std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc) {
  const auto* bytes = static_cast<const std::uint8_t*>(data);
  crc = ~crc;
  for (std::size_t i = 0; i < size; ++i) {
    crc = kCrcTable.at((crc ^ bytes[i]) & 0xffU) ^ (crc >> 8U);
  }
  return ~crc;
}

}  // namespace catena::base
