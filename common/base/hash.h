// Hashes for names and for finding torn or flipped bytes. Not for secrets.
#pragma once

#include <cstdint>
#include <string_view>

namespace catena::base {

// FNV-1a, 64 bits (RFC 9923), finished with the 64-bit mix of MurmurHash3 so that short inputs
// spread over all bits. The same on every machine and release: names of links are made from it.
std::uint64_t hash64(std::string_view data, std::uint64_t seed = 0);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4). `crc` continues an earlier one.
std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t crc = 0);

}  // namespace catena::base
