#include "cli/gc.h"

#include <nlohmann/json.hpp>

#include "cli/agent.h"
#include "cli/conflist.h"
#include "common/base/fields.h"

namespace catena::cli {
namespace {

using Json = nlohmann::json;

// What the duty found is {"kind", "what", "why"}.
std::string text_of(const Json& value) {
  if (value.is_object() && value.contains("kind") && value.contains("what")) {
    return text_in(value, "kind") + " " + text_in(value, "what") + ": " + text_in(value, "why");
  }
  return value.is_string() ? value.get_ref<const std::string&>() : value.dump();
}

}  // namespace

base::Result<Report> gc(const Options& options) {
  const Json result = TRY(ask_agent(options, "gc", {{"dryRun", options.dry_run}}));
  Report report;
  report.json = base::print_json(result);
  if (!result.is_object()) {
    return base::Error(base::ErrorKind::kInternal,
                       "the duty gc answered with something else than an object: " + report.json);
  }
  for (const auto& [key, value] : result.items()) {
    if (!value.is_array()) {
      report.text += key + ": " + text_of(value) + "\n";
      continue;
    }
    report.text += value.empty() ? key + ": nothing\n" : "";
    for (const Json& entry : value) {
      report.text.append(key).append(": ").append(text_of(entry)).append("\n");
    }
  }
  return report;
}

}  // namespace catena::cli
