// Hashes for names and for finding torn or flipped bytes. Not for secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace catena::base {

// FNV-1a, 64 bits (RFC 9923), finished with the 64-bit mix of MurmurHash3 so that short inputs
// spread over all bits. The same on every machine and release: names of links are made from it.
std::uint64_t hash64(std::string_view data, std::uint64_t seed = 0);

// The lowest 60 bits as 12 letters and digits (RFC 4648 base32, lower case, lowest bits first):
// what is unique in a link's name.
std::string name_of_hash(std::uint64_t hash);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4). `crc` continues an earlier one.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc = 0);

}  // namespace catena::base
