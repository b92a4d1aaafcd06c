#include "common/cloud/http.h"

#include <algorithm>

#include "common/base/text.h"

namespace catena::cloud {

std::string_view HttpResponse::header(std::string_view name) const {
  const auto found = std::ranges::find_if(
      headers, [&](const auto& header) { return base::equal_ignoring_case(header.first, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace catena::cloud
