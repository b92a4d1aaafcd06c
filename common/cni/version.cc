#include "common/cni/version.h"

#include <utility>

namespace catena::cni {
namespace {

constexpr std::array<std::pair<Command, std::string_view>, 6> kCommands{
    {{Command::kAdd, "ADD"},
     {Command::kDel, "DEL"},
     {Command::kCheck, "CHECK"},
     {Command::kGc, "GC"},
     {Command::kStatus, "STATUS"},
     {Command::kVersion, "VERSION"}}};

}  // namespace

std::string to_string(Version version) {
  static constexpr std::array<std::string_view, kVersions.size()> kTexts{"0.3.0", "0.3.1", "0.4.0",
                                                                         "1.0.0", "1.1.0"};
  return std::string(kTexts.at(static_cast<std::size_t>(version)));
}

std::optional<Version> version_from(std::string_view text) {
  for (const Version version : kVersions) {
    if (to_string(version) == text) {
      return version;
    }
  }
  return std::nullopt;
}

std::string supported_versions() {
  std::string all;
  for (const Version version : kVersions) {
    all += (all.empty() ? "" : ", ") + to_string(version);
  }
  return all;
}

std::string to_string(Command command) {
  return std::string(kCommands.at(static_cast<std::size_t>(command)).second);
}

std::optional<Command> command_from(std::string_view text) {
  for (const auto& [command, name] : kCommands) {
    if (name == text) {
      return command;
    }
  }
  return std::nullopt;
}

Version first_version_with(Command command) {
  switch (command) {
    case Command::kCheck:
      return Version::k0_4_0;
    case Command::kGc:
    case Command::kStatus:
      return Version::k1_1_0;
    case Command::kAdd:
    case Command::kDel:
    case Command::kVersion:
      break;
  }
  return kVersions.front();
}

}  // namespace catena::cni
