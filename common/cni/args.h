// The environment of a plugin call, checked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cni/types.h"

namespace catena::cni {

// What the runtimes say of the pod in CNI_ARGS (K8S_POD_*); each may be empty.
struct PodName {
  std::string name_space;
  std::string name;
  std::string uid;
  // "namespace/name"; empty when the runtime named no pod.
  std::string to_string() const { return name.empty() ? "" : name_space + "/" + name; }
};

struct Args {
  Command command = Command::kVersion;
  Attachment attachment;
  // Empty where the verb has none, and possibly on DEL.
  std::string netns;
  PodName pod;
  std::optional<base::IpAddress> ip;  // IP= of CNI_ARGS
  std::optional<base::Mac> mac;       // MAC= of CNI_ARGS; unicast
  std::vector<std::string> path;      // CNI_PATH
};

// Letters, digits, '_', '.' and '-', beginning with a letter or digit (spec, "Parameters"): what
// container ids and network names are made of.
bool is_valid_id(std::string_view id);

using Environment = std::function<std::optional<std::string>(const std::string&)>;
Environment process_environment();

// kBadEnvironment naming every variable that is missing or malformed. An unset and an empty
// variable are alike. Unknown keys of CNI_ARGS are refused unless IgnoreUnknown is 1 or true. On
// DEL whatever CNI_ARGS holds is accepted: it must not keep a pod from being torn down.
base::Result<Args> read_args(const Environment& environment);

}  // namespace catena::cni
