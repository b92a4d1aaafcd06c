// The options that `call` and `run` have in common.
#pragma once

#include <cxxopts.hpp>

#include "agent/node.h"
#include "common/base/result.h"

namespace catena::agent {

void add_node_options(cxxopts::OptionAdder&& add);
// kBadConfig for a value no node can have.
base::Result<NodeOptions> node_options_of(const cxxopts::ParseResult& parsed);

}  // namespace catena::agent
