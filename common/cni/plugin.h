// The entry point of a plugin: a main is `return cni::plugin_main(kPlugin);`.
#pragma once

#include <string>
#include <string_view>

#include "common/base/log.h"
#include "common/base/result.h"
#include "common/cni/args.h"
#include "common/cni/config.h"
#include "common/cni/types.h"

namespace catena::cni {

struct Request {
  Args args;
  NetworkConfig config;
  base::Log* log;
};

// What a plugin does for each verb; VERSION and everything around the verbs is done by plugin_main.
struct Plugin {
  std::string_view name;     // the binary's: "catena-vpc-route"
  std::string_view about;    // one sentence
  std::string_view release;  // the suite's version
  base::Result<AddResult> (*add)(const Request&);
  base::Status (*del)(const Request&);
  base::Status (*check)(const Request&);
  base::Status (*gc)(const Request&);
  base::Status (*status)(const Request&);
};

// Reads the environment and stdin, runs the verb, prints the result or the error object on stdout
// and nothing else there, logs one line to the configured place (command, attachment, pod,
// milliseconds, outcome; VERSION and a STATUS that succeeds at debug level only) and returns the
// exit status, 0 or 1. Without CNI_COMMAND prints what the plugin is to stderr; --version and
// --help do the same on stdout. ADD, CHECK and DEL of the plugin's own network namespace are
// refused before the verb runs, unless CNI_NETNS_OVERRIDE is 1 or true. Never throws.
int plugin_main(const Plugin& plugin, int argc, char** argv);

// What plugin_main does for a runtime's call, with the environment and the descriptors given; `err`
// takes what goes to stderr.
int run_plugin(const Plugin& plugin, const Environment& environment, int in, int out, int err);

}  // namespace catena::cni
