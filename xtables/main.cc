// catena-xtables: NetworkPolicies' rules in iptables, for hosts that have no nf_tables.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/netpol/rules_json.h"
#include "xtables/verbs.h"

namespace {

using catena::base::Error;
using catena::base::ErrorKind;
using catena::base::Result;
using catena::netpol::Rules;
using catena::xtables::Options;
using nlohmann::json;

// docs/xtables.md has the table; common/firewall/backend.cc reads them.
enum class Exit { kDone = 0, kFailed = 1, kUsage = 2, kUnsupported = 3, kTryAgain = 4 };

constexpr std::size_t kMostModel = std::size_t{256} << 20U;  // bytes
constexpr int kLongestWait = 600;                            // seconds

constexpr const char* kHelp =
    "NetworkPolicies' rules in iptables, for hosts that have no nf_tables. The rule model is read\n"
    "from stdin as JSON, an answer is printed as JSON (docs/xtables.md).\n\n"
    "  catena-xtables apply         afterwards the kernel holds what the model says\n"
    "  catena-xtables check         name what is not as the model says; change nothing\n"
    "  catena-xtables list          the subjects that have rules\n"
    "  catena-xtables forget ID...  take the rules of these subjects away\n"
    "  catena-xtables remove        take away all that this program made\n"
    "  catena-xtables probe         whether host and kernel can do it\n";

Exit exit_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kUnsupported:
      return Exit::kUnsupported;
    case ErrorKind::kTryAgain:
      return Exit::kTryAgain;
    default:
      return Exit::kFailed;
  }
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena-xtables: %s (catena-xtables --help)\n", why.c_str());
  return Exit::kUsage;
}

Result<Rules> read_model() {
  const std::string text =
      TRY(catena::base::read_all(STDIN_FILENO, kMostModel, "the rule model on stdin"));
  const json model = TRY(catena::base::parse_json(text, kMostModel));
  return catena::netpol::rules_of(model);
}

Result<json> changed(const Result<bool>& outcome) {
  if (!outcome.ok()) {
    return outcome.error();
  }
  return json{{"changed", *outcome}};
}

Result<json> carry_out(const std::vector<std::string>& words, const Options& options) {
  namespace xtables = catena::xtables;
  const std::string& verb = words.front();
  if (verb == "apply" || verb == "check") {
    const auto model = read_model();
    if (!model.ok()) {
      return Error(model.error()).context("read the rule model on stdin");
    }
    if (verb == "apply") {
      return changed(xtables::apply(*model, options));
    }
    const std::vector<std::string> differences = TRY(xtables::check(*model, options));
    return json{{"differences", differences}};
  }
  if (verb == "forget") {
    return changed(xtables::forget({words.begin() + 1, words.end()}, options));
  }
  if (verb == "remove") {
    return changed(xtables::remove(options));
  }
  if (verb == "list") {
    const std::set<std::string> subjects = TRY(xtables::list(options));
    return json{{"subjects", subjects}};
  }
  TRY(xtables::probe(options));
  return json{{"ok", true}};
}

cxxopts::Options command_line() {
  cxxopts::Options options("catena-xtables", "");
  options.add_options()("some", "apply, check: of the model's subjects alone; others stay")(
      "nic", "rules of one pod's own NIC, of this name, in whose namespace this runs",
      cxxopts::value<std::string>()->default_value(""))(
      "wait", "seconds to wait for /run/xtables.lock, 0 to 600",
      cxxopts::value<int>()->default_value("5"))("version", "print the release")("help",
                                                                                 "print this");
  options.add_options("hidden")("words", "",
                                cxxopts::value<std::vector<std::string>>()->default_value(""));
  options.parse_positional({"words"});
  return options;
}

std::optional<std::string> what_is_wrong(const std::vector<std::string>& words) {
  const std::vector<std::string> verbs{"apply", "check", "list", "forget", "remove", "probe"};
  if (words.empty()) {
    return "expected a command";
  }
  if (std::ranges::find(verbs, words.front()) == verbs.end()) {
    return "there is no command '" + words.front() + "'";
  }
  if (words.front() == "forget" && words.size() == 1) {
    return "forget: expected the ids of subjects";
  }
  if (words.front() != "forget" && words.size() != 1) {
    return words.front() + ": '" + words[1] + "' is too much";
  }
  return std::nullopt;
}

Exit run(int argc, char** argv) {
  cxxopts::Options line = command_line();
  const cxxopts::ParseResult parsed = line.parse(argc, argv);
  if (parsed.count("help") != 0) {
    const std::string made = line.help({""});
    std::printf("%s\n%s", kHelp, made.substr(std::min(made.find("      --"), made.size())).c_str());
    return Exit::kDone;
  }
  if (parsed.count("version") != 0) {
    std::printf("catena-xtables %s\n", CATENA_VERSION);
    return Exit::kDone;
  }
  const int wait = parsed["wait"].as<int>();
  if (wait < 0 || wait > kLongestWait) {
    return usage("--wait " + std::to_string(wait) + ", expected 0 to 600 seconds");
  }
  Options options;
  options.nic = parsed["nic"].as<std::string>();
  options.some = parsed.count("some") != 0;
  options.wait = std::chrono::seconds(wait);
  std::vector<std::string> words = parsed["words"].as<std::vector<std::string>>();
  std::erase(words, std::string());
  if (const auto wrong = what_is_wrong(words)) {
    return usage(*wrong);
  }
  const Result<json> answer = carry_out(words, options);
  if (!answer.ok()) {
    std::fprintf(stderr, "catena-xtables: %s\n", answer.error().text().c_str());
    return exit_of(answer.error());
  }
  std::printf("%s\n", catena::base::print_json(*answer).c_str());
  return Exit::kDone;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const cxxopts::exceptions::exception& error) {
    return static_cast<int>(usage(error.what()));
  }
}
