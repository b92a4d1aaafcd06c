// Outcome<T>: a T, or the Refusal that the cloud answers instead. TRY works on it as on a Result.
#pragma once

#include <cassert>
#include <optional>
#include <utility>

#include "common/base/result.h"
#include "sim/world.h"

namespace catena::sim {

template <typename T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : value_(std::move(value)) {}              // NOLINT: as Result
  Outcome(Refusal refusal) : refusal_(std::move(refusal)) {}  // NOLINT

  bool ok() const { return value_.has_value(); }
  T value() && {
    assert(ok());
    return *std::move(value_);
  }
  Refusal error() && { return std::move(refusal_); }

 private:
  std::optional<T> value_;
  Refusal refusal_;
};

template <>
class [[nodiscard]] Outcome<void> {
 public:
  Outcome() = default;
  Outcome(Refusal refusal) : refusal_(std::move(refusal)) {}  // NOLINT

  bool ok() const { return !refusal_.has_value(); }
  void value() const { assert(ok()); }
  Refusal error() && {
    assert(!ok());
    return *std::move(refusal_);
  }

 private:
  std::optional<Refusal> refusal_;
};

using Check = Outcome<void>;

}  // namespace catena::sim
