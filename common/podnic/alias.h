// What the alias of a NIC in a pod says. Internal to this folder.
#pragma once

#include <string>
#include <string_view>

#include "common/podlink/pod_link.h"

namespace catena::podnic {

inline constexpr std::string_view kWas = "was ";
inline constexpr std::string_view kBehindName = "; ";

// "was eth1; default/nginx".
inline std::string alias_of(const std::string& old_name, const std::string& pod) {
  std::string alias(kWas);
  alias.append(old_name).append(kBehindName).append(pod);
  return alias.substr(0, podlink::kLongestAlias);
}

// Empty where `alias` is not one of ours.
inline std::string old_name_in(std::string_view alias) {
  const std::size_t end = alias.find(kBehindName);
  if (!alias.starts_with(kWas) || end == std::string_view::npos) {
    return {};
  }
  return std::string(alias.substr(kWas.size(), end - kWas.size()));
}

}  // namespace catena::podnic
