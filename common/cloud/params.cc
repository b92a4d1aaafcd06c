#include "common/cloud/params.h"

namespace catena::cloud {

void add_param(Params& params, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    params.emplace_back(name, value);
  }
}

void add_flag(Params& params, std::string_view name, bool value) {
  params.emplace_back(name, value ? "true" : "false");
}

void add_list(Params& params, std::string_view name, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    params.emplace_back(std::string(name) + "." + std::to_string(i + 1), values[i]);
  }
}

void add_tags(Params& params, const std::vector<Tag>& tags) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string name = "Tag." + std::to_string(i + 1);
    params.emplace_back(name + ".Key", tags[i].key);
    add_param(params, name + ".Value", tags[i].value);
  }
}

}  // namespace catena::cloud
