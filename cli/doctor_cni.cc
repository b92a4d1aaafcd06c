// What Catena itself needs on the node: conflist, plugins, store, agent.
#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "cli/agent.h"
#include "cli/doctor.h"
#include "cli/lint.h"
#include "cli/store_view.h"
#include "common/base/program.h"
#include "common/base/text.h"

namespace catena::cli {
namespace {

// As the agent has it: a younger one may still be at work.
constexpr std::chrono::minutes kOldIntent{10};

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

void look_into(const Options& options, const Conflist& chain, Findings& findings) {
  const std::vector<std::string> directories{options.bin_dir};
  Findings wrong = lint_findings(chain, directories);
  for (Finding& finding : wrong) {
    const bool is_missing = finding.subject.ends_with(".type");
    finding.subject = file_name(chain.path) + ": " + finding.subject;
    finding.verdict = is_missing ? Verdict::kBad : finding.verdict;
  }
  if (wrong.empty()) {
    std::vector<std::string> types;
    std::ranges::transform(chain.plugins, std::back_inserter(types), &PluginEntry::type);
    wrong.push_back(good("conflist", chain.path + ": " + base::join(types, " -> ")));
  }
  std::ranges::move(wrong, std::back_inserter(findings));
}

void count_records(const std::vector<ipam::Record>& records, Findings& findings) {
  std::map<ipam::State, std::size_t> counts;
  for (const ipam::Record& record : records) {
    ++counts[record.state];
  }
  std::string text;
  for (const auto& [state, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + ipam::name_of(state);
  }
  findings.push_back(good("store", text.empty() ? "no address yet" : text));
  if (const std::size_t count = counts[ipam::State::kQuarantined]; count != 0) {
    findings.push_back({"store", Verdict::kWarning,
                        std::to_string(count) + " addresses are quarantined: `catena ipam list` " +
                            "names them and the reason",
                        "catena ipam check, then catena ipam release ADDRESS"});
  }
}

void look_for_old_intents(const ipam::CloudRecords& cloud, Findings& findings) {
  const auto now = std::chrono::system_clock::now();
  const auto old = std::ranges::count_if(
      cloud.intents, [now](const ipam::Intent& intent) { return now - intent.since > kOldIntent; });
  if (old != 0) {
    findings.push_back({"store", Verdict::kWarning,
                        std::to_string(old) + " changes of the cloud were begun more than 10 " +
                            "minutes ago and have not ended",
                        "catena-agent call recover"});
  }
}

base::Result<Findings> store_findings(const Options& options) {
  Findings findings;
  ipam::Store store = TRY(open_store(options));
  count_records(TRY(store.list()), findings);
  look_for_old_intents(TRY(store.cloud()), findings);
  for (const std::string& notice : store.take_notices()) {
    findings.push_back({"store", Verdict::kWarning, notice, ""});
  }
  return findings;
}

// Starting it shows that its libraries are there too.
Finding program_finding(const Options& options) {
  const std::string program = base::find_program({options.bin_dir}, "catena-agent");
  if (program.empty()) {
    return {"catena-agent", Verdict::kWarning, "is not in " + options.bin_dir,
            "install it beside the plugins: they run it when no agent answers"};
  }
  const auto ended =
      base::run_program({.words = {program, "--version"}, .input = "", .environment = {}});
  if (!ended.ok()) {
    return found("catena-agent", Verdict::kBad, ended.error());
  }
  if (ended->status != 0) {
    return {"catena-agent", Verdict::kBad,
            program + " does not start: " + std::string(base::trim(ended->err)),
            "it needs libcurl 4 and OpenSSL 3 (Debian 12: libcurl4, libssl3)"};
  }
  return good("catena-agent", program + ": " + std::string(base::trim(ended->out)));
}

Finding socket_finding() {
  const auto answers = agent_answers();
  if (!answers.ok()) {
    return found("agent", Verdict::kUnknown, answers.error());
  }
  if (*answers) {
    return good("agent", "answers at " + agent_socket());
  }
  return {
      "agent", Verdict::kWarning,
      "nobody answers at " + agent_socket() + ": pods start and stop as long as addresses are left",
      "start the agent's pod or service (catena-agent run)"};
}

}  // namespace

Findings examine_conflist(const Options& options, std::optional<Conflist>& chain) {
  Findings findings;
  const auto paths = conflists_in(options.conf_dir);
  if (!paths.ok()) {
    return {found("conflist", Verdict::kBad, paths.error())};
  }
  const std::string advice = "copy a preset of conflist/ there once the node is ready";
  if (paths->empty()) {
    return {{"conflist", Verdict::kBad, "there is none in " + options.conf_dir, advice}};
  }
  auto first = read_conflist(paths->front());
  if (!first.ok()) {
    return {found("conflist", Verdict::kBad, first.error())};
  }
  if (!first->is_ours()) {
    return {{"conflist", Verdict::kBad,
             paths->front() + " is the first in " + options.conf_dir + " and not one of ours",
             "runtimes use the first by name: rename or remove it"}};
  }
  chain = std::move(first).value();
  look_into(options, *chain, findings);
  return findings;
}

Findings examine_store(const Options& options) {
  auto findings = store_findings(options);
  if (!findings.ok()) {
    const bool is_new = findings.error().is(base::ErrorKind::kNotFound);
    return {found("store", is_new ? Verdict::kWarning : Verdict::kBad, findings.error())};
  }
  return std::move(*findings);
}

Findings examine_agent(const Options& options) {
  Findings findings;
  findings.push_back(program_finding(options));
  findings.push_back(socket_finding());
  return findings;
}

}  // namespace catena::cli
