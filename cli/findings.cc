#include "cli/findings.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::cli {

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "ok";
    case Verdict::kUnknown:
      return "unknown";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kBad:
      return "bad";
  }
  return "bad";
}

Finding good(std::string subject, std::string text) {
  return {std::move(subject), Verdict::kGood, std::move(text), ""};
}

Finding found(std::string subject, Verdict verdict, const base::Error& error) {
  return {std::move(subject), verdict, error.message(), error.advice()};
}

Report report_of(const Findings& findings) {
  Report report;
  report.good = std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.verdict == Verdict::kBad; });
  nlohmann::json json{{"good", report.good}, {"findings", nlohmann::json::array()}};
  for (const Finding& finding : findings) {
    const std::string verdict(name_of(finding.verdict));
    report.text += verdict + std::string(verdict.size() < 7 ? 9 - verdict.size() : 2, ' ') +
                   finding.subject + ": " + finding.text + "\n";
    nlohmann::json entry{
        {"subject", finding.subject}, {"verdict", verdict}, {"text", finding.text}};
    if (!finding.advice.empty()) {
      report.text += "         -> " + finding.advice + "\n";
      entry["advice"] = finding.advice;
    }
    json["findings"].push_back(std::move(entry));
  }
  report.json = base::print_json(json);
  return report;
}

}  // namespace catena::cli
