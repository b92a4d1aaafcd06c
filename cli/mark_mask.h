// Bits of packet marks, and who else uses them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/conflist.h"

namespace catena::cli {

inline constexpr std::uint32_t kDefaultMarkMask = 0x0ff00000;
// kube-proxy: 0x4000 masquerade, 0x8000 drop (KUBE-MARK-MASQ, KUBE-MARK-DROP).
inline constexpr std::uint32_t kKubeProxyMarks = 0xc000;

// A number as JSON has it: 267386880, "0x0ff00000" or "267386880". Nothing for anything else.
std::optional<std::uint32_t> number_from(const std::string& text);

// The mask that `plugin` uses; nothing where it uses none or its key can't be read.
std::optional<std::uint32_t> mark_mask_of(const PluginEntry& plugin);

// "0x0ff00000"
std::string hex(std::uint32_t bits);

}  // namespace catena::cli
