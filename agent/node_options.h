// The options that `call` and `run` have in common.
#pragma once

#include <string>

#include <cxxopts.hpp>

#include "agent/node.h"
#include "common/base/result.h"

namespace catena::agent {

// `api`: what --api is where it is not given.
void add_node_options(cxxopts::OptionAdder&& add, const std::string& api);
// kBadConfig for a value no node can have.
base::Result<NodeOptions> node_options_of(const cxxopts::ParseResult& parsed);

}  // namespace catena::agent
