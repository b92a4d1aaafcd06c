// Reading what a request to the API server means.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "tests/support/kube/kinds.h"

namespace catena::test {

struct ApiPath {
  const Kind* kind = nullptr;
  std::string space;  // empty: all, or the kind has none
  std::string name;   // empty: the collection
  std::string subresource;
};

// Nothing where the server has nothing under `path`.
std::optional<ApiPath> parse_api_path(const std::string& path);

// What there is to discover under `path` (/api, /apis, /api/v1, /apis/GROUP/VERSION, /version);
// null where that is none of these.
nlohmann::json discovery(const std::string& path);

}  // namespace catena::test
