#include "agent/conflist.h"

#include <algorithm>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "agent/plugin_status.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

constexpr std::size_t kMostConflist = std::size_t{1} << 20U;  // bytes
constexpr unsigned kReadableByAll = 0644;

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Result<std::string> find_program(const std::string& type, const std::vector<std::string>& path) {
  for (const std::string& directory : path) {
    std::string program = directory;
    program.append("/").append(type);
    if (::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return Error(ErrorKind::kNotAvailable,
               "plugin " + type + " is in none of " + base::join(path, ", "))
      .advice("install it before the conflist");
}

base::Status check_plugin(const Json& conflist, const Json& plugin, const ConflistPlan& plan,
                          const base::Deadline& deadline) {
  const std::string type = plugin.is_object() ? text_at(plugin, "type") : std::string();
  if (type.empty() || type.find('/') != std::string::npos) {
    return Error(ErrorKind::kBadConfig, plan.from + ": a plugin without a type");
  }
  const std::string program = TRY(find_program(type, plan.cni_path));
  if (!type.starts_with("catena-")) {
    return {};
  }
  Json config = plugin;
  config["name"] = text_at(conflist, "name");
  config["cniVersion"] = "1.1.0";  // the first that has STATUS
  return ask_status(program, base::print_json(config), plan.cni_path, deadline.left())
      .context(type);
}

base::Status check_node(const std::string& text, const ConflistPlan& plan,
                        const base::Deadline& deadline) {
  const Json conflist = TRY(base::parse_json(text, kMostConflist).context(plan.from));
  const auto plugins = conflist.find("plugins");
  if (!conflist.is_object() || text_at(conflist, "name").empty() || plugins == conflist.end() ||
      !plugins->is_array() || plugins->empty()) {
    return Error(ErrorKind::kBadConfig, plan.from + ": expected a conflist with name and plugins");
  }
  for (const Json& plugin : *plugins) {
    TRY(check_plugin(conflist, plugin, plan, deadline));
  }
  return {};
}

}  // namespace

Result<bool> install_conflist(const ConflistPlan& plan, Millis patience) {
  const base::Deadline deadline(patience);
  const std::string wanted = TRY(base::read_file(plan.from, kMostConflist));
  const Result<std::string> there = base::read_file(plan.to, kMostConflist);
  if (there.ok() && *there == wanted) {
    return false;
  }
  TRY(check_node(wanted, plan, deadline));
  TRY(base::replace_file(plan.to, wanted, kReadableByAll));
  return true;
}

Result<Json> answer_conflist(LocalDuty& duty, base::Fields& args) {
  ConflistPlan plan;
  plan.from = TRY(args.absolute_path("from")).value_or("");
  plan.to = TRY(args.absolute_path("to")).value_or("");
  plan.cni_path = TRY(args.strings("cniPath")).value_or(plan.cni_path);
  TRY(args.no_unknown_keys());
  if (plan.from.empty() || plan.to.empty()) {
    return Error(ErrorKind::kBadConfig, "conflist: 'from' and 'to' are needed");
  }
  const bool written = TRY(install_conflist(plan, duty.budget));
  return Json{{"to", plan.to}, {"written", written}};
}

}  // namespace catena::agent
