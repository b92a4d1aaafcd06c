#include "agent/call.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "agent/nodes.h"
#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/log.h"

namespace catena::agent {
namespace {

using base::ErrorKind;

Exit exit_for(const base::Error& error) {
  switch (error.kind()) {
    case ErrorKind::kTryAgain:
      return Exit::kLater;
    case ErrorKind::kBadConfig:
    case ErrorKind::kBadEnvironment:
    case ErrorKind::kUndecodable:
      return Exit::kUsage;
    default:
      return Exit::kFailed;
  }
}

base::Result<nlohmann::json> perform_once(const Call& call, base::Log& log) {
  Request request;
  request.duty = TRY(find_duty(call.duty));
  request.args = call.args;
  request.budget = call.deadline;
  Nodes nodes(call.node);
  return perform(request, nodes, log);
}

}  // namespace

Exit run(const Call& call) {
  base::Log log("catena-agent");
  const base::Result<nlohmann::json> result = perform_once(call, log);
  if (!result.ok()) {
    std::string line = call.duty + ": " + result.error().text();
    for (char& c : line) {
      c = c == '\n' ? ' ' : c;
    }
    log.error(line);
    std::fprintf(stderr, "catena-agent: %s\n", line.c_str());
    return exit_for(result.error());
  }
  std::printf("%s\n", base::print_json(*result).c_str());
  return Exit::kDone;
}

}  // namespace catena::agent
