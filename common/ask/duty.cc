#include "common/ask/duty.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/ask/one_shot.h"
#include "common/ask/socket.h"
#include "common/base/clock.h"
#include "common/base/fields.h"

namespace catena::ask {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using Json = nlohmann::json;

constexpr std::size_t kMostAnswer = std::size_t{1} << 20U;  // bytes
// The agent ends by itself, and says why, before it is given up.
constexpr milliseconds kMargin{1'000};

struct KindName {
  const char* name;
  ErrorKind kind;
};
// Those that a caller acts on differently; any other failure of the agent may pass.
constexpr std::array<KindName, 3> kKinds{{{"bad-config", ErrorKind::kBadConfig},
                                          {"not-found", ErrorKind::kNotFound},
                                          {"unsupported", ErrorKind::kUnsupported}}};

std::string socket_path() {
  const char* other = std::getenv(kSocketVariable);
  return other == nullptr ? kSocket : other;
}

milliseconds for_the_agent(milliseconds left) { return std::max(left - kMargin, milliseconds(1)); }

std::string text_in(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Error error_of(const Json& said) {
  ErrorKind kind = ErrorKind::kTryAgain;
  const std::string name = text_in(said, "kind");
  for (const KindName& known : kKinds) {
    kind = name == known.name ? known.kind : kind;
  }
  std::string text = text_in(said, "text");
  const std::string request = text_in(said, "requestId");
  if (!request.empty() && text.find(request) == std::string::npos) {
    text += " (RequestId " + request + ")";
  }
  return Error(kind, text.empty() ? "the agent failed and does not say why" : text)
      .code(text_in(said, "code"))
      .advice(text_in(said, "advice"));
}

Result<Json> result_in(const std::string& line) {
  const Json answer = TRY(base::parse_json(line, kMostAnswer).context("the agent's answer"));
  if (answer.is_object() && answer.contains("result")) {
    return answer.at("result");
  }
  if (answer.is_object() && answer.contains("error") && answer.at("error").is_object()) {
    return error_of(answer.at("error"));
  }
  return Error(ErrorKind::kUndecodable, "the agent's answer has neither result nor error")
      .advice("install plugins and agent of the same release");
}

// Nothing when no daemon answers.
Result<std::optional<Json>> ask_daemon(const Question& question, const base::Deadline& deadline) {
  Json request;
  request["duty"] = question.duty;
  request["args"] = TRY(base::parse_json(question.args, kMostAnswer));
  request["deadlineMs"] = for_the_agent(deadline.left()).count();
  const auto line = TRY(exchange(socket_path(), base::print_json(request), deadline));
  if (!line.has_value()) {
    return std::optional<Json>();
  }
  Json result = TRY(result_in(*line));
  return std::optional<Json>(std::move(result));
}

Result<Json> run_once(const Question& question, const base::Deadline& deadline) {
  const std::string program = TRY(find_agent(question.cni_path));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(for_the_agent(deadline.left()));
  std::vector<std::string> arguments{
      "call",        question.duty,      "--args",     question.args,
      "--state-dir", question.state_dir, "--deadline", std::to_string(seconds.count())};
  if (!question.eni_conf.empty()) {
    arguments.insert(arguments.end(), {"--eni-conf", question.eni_conf});
  }
  const std::string said = TRY(run_agent(program, arguments, deadline.left()));
  return base::parse_json(said, kMostAnswer).context("what " + program + " printed");
}

}  // namespace

Result<Json> duty(const Question& question, milliseconds patience) {
  const base::Deadline deadline(patience);
  const std::string what = "ask the agent for " + question.duty;
  std::optional<Json> answer = TRY(ask_daemon(question, deadline).context(what));
  if (answer.has_value()) {
    return *std::move(answer);
  }
  return run_once(question, deadline).context(what);
}

Result<Json> duty_of_daemon(const Question& question, milliseconds patience) {
  const base::Deadline deadline(patience);
  const std::string what = "ask the agent for " + question.duty;
  std::optional<Json> answer = TRY(ask_daemon(question, deadline).context(what));
  if (!answer.has_value()) {
    return Error(ErrorKind::kNotFound, what + ": nobody listens at " + socket_path());
  }
  return *std::move(answer);
}

bool can_ask(const std::vector<std::string>& cni_path) {
  return ::access(socket_path().c_str(), F_OK) == 0 || find_agent(cni_path).ok();
}

}  // namespace catena::ask
