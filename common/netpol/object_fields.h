// Fields that objects of the API server have in common. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/fields.h"

namespace catena::netpol {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Not empty.
base::Result<std::string> required_text(base::Fields& fields, std::string_view key);
base::Result<base::Fields> required_object(base::Fields& fields, std::string_view key);
// "protocol" of a port as a number; TCP where it is absent.
base::Result<std::uint8_t> protocol_at(base::Fields& fields);

template <typename T>
base::Result<T> as_undecodable(base::Result<T> result) {
  if (!result.ok()) {
    return std::move(result).error().as(base::ErrorKind::kUndecodable);
  }
  return result;
}

}  // namespace catena::netpol
