// A conflist as the runtime reads it, for lint, doctor and uninstall.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::cli {

struct PluginEntry {
  std::string type;
  const nlohmann::json* json = nullptr;  // inside Conflist::json
};

struct Conflist {
  std::string path;
  std::string name;
  std::shared_ptr<const nlohmann::json> json;
  // Those whose `type` is a text; a lone plugin of a .conf file counts as a chain of one.
  std::vector<PluginEntry> plugins;

  // Null where the chain has no such plugin.
  const PluginEntry* find(const std::string& type) const;
  // Whether a plugin of ours is in it.
  bool is_ours() const;
};

base::Result<Conflist> read_conflist(const std::string& path);

// The paths of .conflist, .conf and .json files in `directory`, in the order runtimes take them
// (by name; they use the first). Empty where there is no such directory.
base::Result<std::vector<std::string>> conflists_in(const std::string& directory);

// The text at `key`, empty where there is none.
std::string text_in(const nlohmann::json& object, const char* key);
// False too where there is no such key.
bool is_true(const nlohmann::json& object, const char* key);

}  // namespace catena::cli
