#include "cli/mark_mask.h"

#include <array>
#include <charconv>
#include <cstdio>

#include <nlohmann/json.hpp>

namespace catena::cli {

std::optional<std::uint32_t> number_from(const std::string& text) {
  const bool is_hex = text.starts_with("0x") || text.starts_with("0X");
  const char* const begin = text.data() + (is_hex ? 2 : 0);
  const char* const end = text.data() + text.size();
  std::uint32_t number = 0;
  const auto [stop, failure] = std::from_chars(begin, end, number, is_hex ? 16 : 10);
  return failure == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::optional<std::uint32_t> mark_mask_of(const PluginEntry& plugin) {
  if (plugin.type != "catena-multiip" && plugin.type != "catena-eni") {
    return std::nullopt;
  }
  const auto value = plugin.json->find("markMask");
  if (value == plugin.json->end()) {
    return kDefaultMarkMask;
  }
  if (value->is_string()) {
    return number_from(value->get_ref<const std::string&>());
  }
  return value->is_number_unsigned() ? number_from(value->dump()) : std::nullopt;
}

std::string hex(std::uint32_t bits) {
  std::array<char, 16> text{};
  (void)std::snprintf(text.data(), text.size(), "0x%08x", bits);
  return text.data();
}

}  // namespace catena::cli
