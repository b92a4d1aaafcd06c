#include "cli/conflist.h"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"

namespace catena::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostConflist = std::size_t{1} << 20U;  // bytes

}  // namespace

const PluginEntry* Conflist::find(const std::string& type) const {
  const auto entry = std::ranges::find(plugins, type, &PluginEntry::type);
  return entry == plugins.end() ? nullptr : &*entry;
}

bool Conflist::is_ours() const {
  return std::ranges::any_of(
      plugins, [](const PluginEntry& entry) { return entry.type.starts_with("catena-"); });
}

base::Result<Conflist> read_conflist(const std::string& path) {
  Conflist conflist;
  conflist.path = path;
  const std::string text = TRY(base::read_file(path, kMostConflist));
  auto json =
      std::make_shared<const Json>(TRY(base::parse_json(text, kMostConflist).context(path)));
  if (!json->is_object()) {
    return base::Error(base::ErrorKind::kUndecodable, path + ": expected a JSON object");
  }
  conflist.json = json;
  conflist.name = text_in(*json, "name");
  const auto plugins = json->find("plugins");
  if (plugins == json->end() && !text_in(*json, "type").empty()) {
    conflist.plugins.push_back({text_in(*json, "type"), json.get()});
  }
  if (plugins != json->end() && plugins->is_array()) {
    for (const Json& plugin : *plugins) {
      if (std::string type = text_in(plugin, "type"); !type.empty()) {
        conflist.plugins.push_back({std::move(type), &plugin});
      }
    }
  }
  return conflist;
}

base::Result<std::vector<std::string>> conflists_in(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code failure;
  for (std::filesystem::directory_iterator at(directory, failure), end; !failure && at != end;
       at.increment(failure)) {
    const std::string extension = at->path().extension();
    if (extension == ".conflist" || extension == ".conf" || extension == ".json") {
      paths.push_back(at->path());
    }
  }
  if (failure && failure != std::errc::no_such_file_or_directory) {
    return base::Error::from_errno(failure.value(), "read " + directory);
  }
  std::ranges::sort(paths);
  return paths;
}

std::string text_in(const Json& object, const char* key) {
  if (!object.is_object()) {
    return "";
  }
  const auto value = object.find(key);
  return value != object.end() && value->is_string() ? value->get_ref<const std::string&>() : "";
}

bool is_true(const Json& object, const char* key) {
  const auto value = object.find(key);
  return value != object.end() && value->is_boolean() && value->get<bool>();
}

}  // namespace catena::cli
