// Parameters of a call, flattened as the OpenAPI wants them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace catena::cloud {

using Params = std::vector<std::pair<std::string, std::string>>;

struct Tag {
  std::string key;
  std::string value;
  bool operator==(const Tag&) const = default;
};

// Nothing is added for an empty value.
void add_param(Params& params, std::string_view name, std::string_view value);
void add_flag(Params& params, std::string_view name, bool value);
// "<name>.1", "<name>.2", ...
void add_list(Params& params, std::string_view name, const std::vector<std::string>& values);
// "Tag.1.Key", "Tag.1.Value", ...; a tag with an empty value is sent by its key alone.
void add_tags(Params& params, const std::vector<Tag>& tags);

}  // namespace catena::cloud
