// What an examination found, one line each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/report.h"
#include "common/base/error.h"

namespace catena::cli {

enum class Verdict {
  kGood,
  kUnknown,  // could not be looked at here
  kWarning,  // works, but the admin should know
  kBad,
};
// "ok", "unknown", "warning", "bad".
std::string_view name_of(Verdict verdict);

struct Finding {
  std::string subject;  // "forwarding", "plugins[0].markMask"
  Verdict verdict = Verdict::kGood;
  std::string text;
  std::string advice;  // empty where there is nothing to do
};
using Findings = std::vector<Finding>;

Finding good(std::string subject, std::string text);
// With the error's message and advice.
Finding found(std::string subject, Verdict verdict, const base::Error& error);

// Not good when one of them is bad. The JSON is {"good": ..., "findings": [...]}.
Report report_of(const Findings& findings);

}  // namespace catena::cli
