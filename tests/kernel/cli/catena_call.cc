#include "tests/kernel/cli/catena_call.h"

#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace catena::test {

Outcome catena_on(const ScratchNetNs& node, const CatenaCall& call) {
  std::vector<std::string> argv{bin_dir() + "/catena"};
  argv.insert(argv.end(), call.words.begin(), call.words.end());
  argv.insert(argv.end(), {"--state-dir", call.state_dir});
  auto environment = call.environment;  // of two with one name the first counts
  environment.insert(environment.end(), {{"CATENA_SOCKET", call.state_dir + "/no.sock"},
                                         {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                                         {"HOME", "/nowhere"}});
  return run_process(
      argv,
      {.environment = environment, .netns_fd = node.fd(), .patience = std::chrono::seconds(120)});
}

nlohmann::json catena_json(const ScratchNetNs& node, CatenaCall call) {
  call.words.emplace_back("--json");
  const Outcome outcome = catena_on(node, call);
  auto json = nlohmann::json::parse(outcome.out, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << outcome.out << outcome.err;
  return json;
}

std::vector<std::string> findings_about(const nlohmann::json& report, const std::string& subject) {
  std::vector<std::string> texts;
  for (const auto& finding : report.value("findings", nlohmann::json::array())) {
    if (finding.value("subject", "") == subject) {
      texts.push_back(finding.value("verdict", "") + ": " + finding.value("text", ""));
    }
  }
  return texts;
}

}  // namespace catena::test
