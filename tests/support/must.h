// What a test can't go on without.
#pragma once

#include <stdexcept>
#include <utility>

#include "common/base/result.h"

namespace catena::test {

// The value; the test fails with the error's text otherwise.
template <typename T>
T must(base::Result<T> result) {
  if (!result.ok()) {
    throw std::runtime_error(result.error().text());
  }
  return std::move(result).value();
}
inline void must(const base::Status& status) {
  if (!status.ok()) {
    throw std::runtime_error(status.error().text());
  }
}

}  // namespace catena::test
