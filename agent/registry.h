// Every duty under its name: what the daemon's socket, its timers and `catena-agent call DUTY`
// answer alike.
//
// To add one: write `base::Result<nlohmann::json> answer_<name>(Duty& duty, base::Fields& args)` in
// files of your own (agent/answers.h shows how arguments are read), add your .cc to
// agent/CMakeLists.txt, and one line to kDuties in registry.cc. Socket, `call` with `--args`,
// single flight, locks, deadline, notices and errors come with that; agent/daemon/timers.cc calls
// it by its name where it has a timer.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/duty.h"
#include "agent/pods.h"
#include "common/base/fields.h"
#include "common/base/log.h"
#include "common/base/result.h"

namespace catena::agent {

class Nodes;

// What a duty works with that needs no cloud: it runs with metadata service and OpenAPI down.
struct LocalDuty {
  std::string state_dir;
  std::string api;        // agent/api.h
  std::string node_name;  // at the API server
  // Null where no API server is asked: nothing is known of pods then.
  const PodsSeen* pods = nullptr;
  Millis budget{0};
  // Things the admin should know though the duty went on.
  std::vector<std::string> notices;
};

// Held while a duty runs; two that share one wait for each other, across processes too.
enum class Holds {
  kNothing,
  kEnis,           // enis.lock
  kRoutes,         // routes.lock
  kEnisAndRoutes,  // in this order
};

// What becomes of a request while another one for the same duty with equal arguments waits or runs.
enum class Twins {
  kShareAnAnswer,  // the daemon gives both the one answer
  kRunEach,        // each is a wish of its own: two addresses more are not one address more
};

// Who is let through where several duties change ENIs.
enum class Urgency {
  kGivesWay,  // ends at its next wait when one for which pods wait is there; goes on another time
  kNormal,
  kPodsWait,
};

struct DutyKind {
  std::string_view name;
  std::string_view purpose;  // for --help and errors
  Holds holds = Holds::kNothing;
  Urgency urgency = Urgency::kNormal;
  Twins twins = Twins::kRunEach;
  // One of the two. Arguments are read first, then args.no_unknown_keys() is asked, before anything
  // is done.
  base::Result<nlohmann::json> (*with_cloud)(Duty& duty, base::Fields& args) = nullptr;
  base::Result<nlohmann::json> (*on_node)(LocalDuty& duty, base::Fields& args) = nullptr;
  // Null, or the answer where the daemon has all it takes at hand; it is then given at once. Else
  // the duty runs.
  std::optional<nlohmann::json> (*at_once)(const FindWishes& find, base::Fields& args) = nullptr;
  // Does not wait behind duties that take long.
  bool is_brief = false;
};

// By name.
std::span<const DutyKind> duties();
// kBadConfig, naming those there are.
base::Result<const DutyKind*> find_duty(std::string_view name);

struct Request {
  const DutyKind* duty = nullptr;
  std::string args = "{}";         // a JSON object
  Millis budget{120'000};          // for all of it, waits for locks included
  const PodsSeen* pods = nullptr;  // may be null
};

// As DutyKind::at_once; nothing for arguments that the duty would refuse.
std::optional<nlohmann::json> answer_at_once(const DutyKind& duty, const std::string& args,
                                             const FindWishes& find);

// Carries the duty out in the calling thread. Notices go to `log`, and into the result as `notices`
// where there are any. Thread-safe.
base::Result<nlohmann::json> perform(const Request& request, Nodes& nodes, base::Log& log);

}  // namespace catena::agent
