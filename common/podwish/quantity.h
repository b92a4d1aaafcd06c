// Numbers with units, as people write them into annotations.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace catena::podwish {

// Both round fractions up, give the largest number for what is above it, and nothing for what is
// malformed or below zero.

// A quantity of Kubernetes: "10M", "1.5Gi", "500k", "1e6", "7812500".
std::optional<std::uint64_t> parse_quantity(std::string_view text);

// Bytes as Terway takes them, in bits: "1m" is 1 MiB. Units B, K, M, G, T, also as KB or KiB, in
// either case, all of them powers of 1024; without a unit it is bytes.
std::optional<std::uint64_t> parse_bytes_as_bits(std::string_view text);

}  // namespace catena::podwish
