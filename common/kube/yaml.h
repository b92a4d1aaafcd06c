// The YAML that kubeconfigs are written in, as JSON.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::kube {

// One document of block maps, block lists and one-line scalars; also a whole document of JSON.
// Plain true, false and null are what they say, every other scalar is a string. Anchors, aliases,
// tags, block texts, filled flow lists and maps, texts over several lines and duplicate keys are
// kUndecodable, with the number of the line. No error repeats what the text holds: it may be
// secret.
base::Result<nlohmann::json> read_yaml(std::string_view text);

}  // namespace catena::kube
