#include "cli/lint.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/chain_rules.h"
#include "common/base/fields.h"
#include "common/base/program.h"
#include "common/base/text.h"
#include "common/cni/version.h"

namespace catena::cli {
namespace {

using Json = nlohmann::json;

// Codes of the CNI spec ("Error") by which a plugin says that its configuration is at fault.
constexpr int kIncompatible = 1;
constexpr int kUnsupportedField = 2;
constexpr int kUndecodable = 6;
constexpr int kBadConfig = 7;

Finding bad(std::string subject, std::string text, std::string advice = "") {
  return {std::move(subject), Verdict::kBad, std::move(text), std::move(advice)};
}

void check_versions(const Json& json, Findings& findings) {
  std::vector<std::string> versions;
  if (const std::string version = text_in(json, "cniVersion"); !version.empty()) {
    versions.push_back(version);
  }
  const auto list = json.find("cniVersions");
  if (list != json.end() && list->is_array()) {
    for (const Json& version : *list) {
      versions.push_back(version.is_string() ? version.get<std::string>() : version.dump());
    }
  }
  if (versions.empty()) {
    findings.push_back(bad("cniVersion", "is missing: runtimes then take it for 0.1.0",
                           "1.0.0, or 1.1.0 where runtime and plugins know it"));
  }
  const bool speaks_one = std::ranges::any_of(
      versions, [](const std::string& version) { return cni::version_from(version).has_value(); });
  if (!versions.empty() && !speaks_one) {
    findings.push_back(bad("cniVersion",
                           base::join(versions, ", ") + " is none of " + cni::supported_versions(),
                           "1.0.0, or 1.1.0 where runtime and plugins know it"));
  }
}

void check_head(const Json& json, Findings& findings) {
  if (text_in(json, "name").empty()) {
    findings.push_back(bad("name", "is missing", "the network's name: addresses are kept by it"));
  }
  check_versions(json, findings);
  const std::vector<std::string_view> known{"cniVersion",   "cniVersions", "name",
                                            "disableCheck", "disableGC",   "loadOnlyInlinedPlugins",
                                            "plugins",      "type",        "capabilities"};
  if (json.contains("type")) {
    return;  // a lone plugin: the keys are its own
  }
  for (const auto& [key, ignored] : json.items()) {
    const std::string near = base::near_miss(key, known);
    if (!near.empty() && near != key) {
      findings.push_back(
          {key, Verdict::kWarning, "is no key of a conflist", "'" + near + "' was probably meant"});
    }
  }
}

void check_types(const Conflist& conflist, Findings& findings) {
  const auto plugins = conflist.json->find("plugins");
  if (conflist.plugins.empty()) {
    findings.push_back(bad("plugins", "has no plugin with a type",
                           R"(expected a list of objects, each with "type")"));
  } else if (plugins != conflist.json->end() && plugins->size() != conflist.plugins.size()) {
    findings.push_back(bad("plugins", R"(not every entry is an object with a text "type")"));
  }
}

// What the runtime makes of the entry, for the verb STATUS: it changes nothing, and the plugin
// reads its keys before all else.
std::string input_for(const Conflist& conflist, const PluginEntry& entry) {
  Json input = *entry.json;
  input["name"] = conflist.name.empty() ? "lint" : conflist.name;
  input["cniVersion"] = cni::to_string(cni::kLatestVersion);
  input.erase("capabilities");
  return base::print_json(input);
}

void ask_plugin(const Conflist& conflist, const PluginEntry& entry, const std::string& program,
                Findings& findings) {
  const std::string subject = subject_of(conflist, entry, "");
  const auto ended =
      base::run_program({.words = {program},
                         .input = input_for(conflist, entry),
                         .environment = {{"CNI_COMMAND", "STATUS"}, {"CNI_PATH", "/opt/cni/bin"}}});
  if (!ended.ok()) {
    findings.push_back(found(subject, Verdict::kUnknown, ended.error()));
    return;
  }
  if (ended->status == 0) {
    return;
  }
  const Json answer = Json::parse(ended->out, nullptr, false);
  if (!answer.is_object() || !answer.contains("code") || !answer["code"].is_number_integer()) {
    findings.push_back(
        {subject, Verdict::kUnknown,
         program + " ended with status " + std::to_string(ended->status) + " and no error object",
         "run it by hand: " + program + " --help"});
    return;
  }
  const int code = answer["code"];
  if (code == kIncompatible || code == kUnsupportedField || code == kUndecodable ||
      code == kBadConfig) {
    findings.push_back(
        bad(subject, entry.type + ": " + text_in(answer, "msg"), text_in(answer, "details")));
  }
}

void check_plugin(const Conflist& conflist, const PluginEntry& entry,
                  const std::vector<std::string>& directories, Findings& findings) {
  const std::string program = base::find_program(directories, entry.type);
  const bool is_ours = entry.type.starts_with("catena-");
  if (program.empty()) {
    const std::string near =
        base::near_miss(entry.type, {"catena-eni", "catena-vpc-route", "catena-multiip",
                                     "catena-bandwidth", "catena-policy", "bandwidth", "portmap"});
    const bool is_known = near == entry.type;
    findings.push_back({subject_of(conflist, entry, "type"), Verdict::kWarning,
                        entry.type + " is in none of " + base::join(directories, ", "),
                        near.empty() || is_known ? "install it on the nodes"
                                                 : "'" + near + "' was probably meant"});
    return;
  }
  if (is_ours) {
    ask_plugin(conflist, entry, program, findings);
  }
}

void append(Findings& all, Findings more) { std::ranges::move(more, std::back_inserter(all)); }

}  // namespace

std::vector<std::string> plugin_directories(const Options& options) {
  std::vector<std::string> directories{options.bin_dir};
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (!failure && self.parent_path() != options.bin_dir) {
    directories.push_back(self.parent_path());
  }
  return directories;
}

Findings lint_findings(const Conflist& conflist, const std::vector<std::string>& directories) {
  Findings findings;
  check_head(*conflist.json, findings);
  check_types(conflist, findings);
  append(findings, check_order(conflist));
  append(findings, check_policy(conflist));
  append(findings, check_marks(conflist));
  append(findings, check_agreement(conflist));
  for (const PluginEntry& entry : conflist.plugins) {
    check_plugin(conflist, entry, directories, findings);
  }
  return findings;
}

base::Result<Report> lint(const Options& options, const std::string& path) {
  const Conflist conflist = TRY(read_conflist(path));
  Findings findings = lint_findings(conflist, plugin_directories(options));
  if (findings.empty()) {
    std::string chain;
    for (const PluginEntry& entry : conflist.plugins) {
      chain += (chain.empty() ? "" : " -> ") + entry.type;
    }
    findings.push_back(good(path, chain));
  }
  return report_of(findings);
}

}  // namespace catena::cli
