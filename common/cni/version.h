// The versions and verbs of the protocol as text.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/cni/types.h"

namespace catena::cni {

// Every version that is spoken, oldest first.
inline constexpr std::array<Version, 5> kVersions{Version::k0_3_0, Version::k0_3_1, Version::k0_4_0,
                                                  Version::k1_0_0, Version::k1_1_0};
inline constexpr Version kLatestVersion = Version::k1_1_0;

std::string to_string(Version version);
// Exactly one of those; nothing otherwise.
std::optional<Version> version_from(std::string_view text);
// "0.3.0, 0.3.1, ..."
std::string supported_versions();

std::string to_string(Command command);
std::optional<Command> command_from(std::string_view text);

// The first version with this verb (spec, "Versioning").
Version first_version_with(Command command);

}  // namespace catena::cni
