// Garbage collection: what no live pod owns any more, on this node. docs/agent.md says what counts
// as proof; what only looks dead is told and left alone.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/pods.h"
#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

struct GcOptions {
  bool dry_run = false;
  // Records and files that changed within that time are left alone: an ADD may be at work.
  std::chrono::seconds older_than{120};
};

struct Found {
  std::string kind;  // "address", "link", "route", "rule", "guard", "mark", "masquerade",
                     // "host link", "waiting"
  std::string what;  // "10.0.0.5", "ctn1a2b3c4d5e6f"
  std::string why;
};

struct Collected {
  std::vector<Found> garbage;   // removed, unless it was a dry run
  std::vector<Found> doubtful;  // without an owner, but not proven to be dead
  std::vector<base::Error> failures;
};

// Acts on the calling thread's network namespace; pods' namespaces are found by the paths that the
// store has. `pods` may be null. An error where kernel or store can't be read.
base::Result<Collected> collect_garbage(const std::string& state_dir, const PodsSeen* pods,
                                        const GcOptions& options);

// {"dryRun":b,"olderThan":seconds}
base::Result<nlohmann::json> answer_gc(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
