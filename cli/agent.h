// Asking catena-agent for a duty.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/options.h"
#include "common/base/result.h"

namespace catena::cli {

// CATENA_SOCKET, else /run/catena/agent.sock.
std::string agent_socket();

// Whether an agent listens there. An error says why it can't be told.
base::Result<bool> agent_answers();

// The duty's result. Of the agent that answers at the socket; where nobody does, of a one-shot
// `catena-agent call`, found in `bin_dir` or beside this program. `args` is an object, maybe an
// empty one. An error says what the agent said.
base::Result<nlohmann::json> ask_agent(const Options& options, const std::string& duty,
                                       const nlohmann::json& args);

}  // namespace catena::cli
