// Asking the agent for one of its duties: over its socket, or, where nobody answers there, by a
// process of its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::ask {

inline constexpr const char* kSocket = "/run/catena/agent.sock";
inline constexpr const char* kSocketVariable = "CATENA_SOCKET";  // replaces it, for tests

struct Question {
  std::string duty;  // "pool.grow"
  std::string args;  // a JSON object
  // Of the one-shot call; the daemon has its own.
  std::string state_dir;
  std::string eni_conf;               // empty: where the agent looks by itself
  std::vector<std::string> cni_path;  // where the agent's program is looked for first
};

// The duty's result. An agent that is stopped, or ends before it answers, is no error: the duty is
// then run by the one-shot call, with the time that is left. Errors have the kind, text, code and
// advice that the agent gave; kTryAgain when the time is over, kNotFound when there is neither
// daemon nor program.
base::Result<nlohmann::json> duty(const Question& question, std::chrono::milliseconds patience);

// The same by the daemon alone: kNotFound where none answers. For what must not be waited for.
base::Result<nlohmann::json> duty_of_daemon(const Question& question,
                                            std::chrono::milliseconds patience);

// Whether somebody could be asked: the socket is there, or the program. Asks nobody.
bool can_ask(const std::vector<std::string>& cni_path);

}  // namespace catena::ask
