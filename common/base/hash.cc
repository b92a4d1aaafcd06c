#include "common/base/hash.h"

#include <array>
#include <cstddef>

namespace catena::base {
namespace {

constexpr std::uint32_t kCastagnoliReflected = 0x82f63b78U;

// Of a byte with 0 to 7 bytes of zeros behind it ("slicing by 8"): eight bytes are looked up at
// once.
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? (value >> 1U) ^ kCastagnoliReflected : value >> 1U;
    }
    tables[0][i] = value;
  }
  for (std::size_t zeros = 1; zeros < tables.size(); ++zeros) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[zeros - 1][i];
      tables[zeros][i] = tables[0][before & 0xffU] ^ (before >> 8U);
    }
  }
  return tables;
}

constexpr CrcTables kCrcTables = make_crc_tables();

std::uint32_t crc_of_eight(const std::uint8_t* bytes, std::uint32_t crc) {
  const std::array<std::uint32_t, 4> first{
      bytes[0] ^ (crc & 0xffU), bytes[1] ^ ((crc >> 8U) & 0xffU), bytes[2] ^ ((crc >> 16U) & 0xffU),
      bytes[3] ^ (crc >> 24U)};
  return kCrcTables[7][first[0]] ^ kCrcTables[6][first[1]] ^ kCrcTables[5][first[2]] ^
         kCrcTables[4][first[3]] ^ kCrcTables[3][bytes[4]] ^ kCrcTables[2][bytes[5]] ^
         kCrcTables[1][bytes[6]] ^ kCrcTables[0][bytes[7]];
}

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
  for (; size >= 8; size -= 8, bytes += 8) {
    crc = crc_of_eight(bytes, crc);
  }
  for (; size > 0; --size, ++bytes) {
    crc = kCrcTables[0][(crc ^ *bytes) & 0xffU] ^ (crc >> 8U);
  }
  return ~crc;
}

}  // namespace catena::base
