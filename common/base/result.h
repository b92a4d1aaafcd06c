// Result<T>: a T or the Error that kept it from being made. Status is Result without a value.
#pragma once

#include <cassert>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/error.h"

namespace catena::base {

template <typename T>
class [[nodiscard]] Result {
 public:
  // Both conversions are implicit, so that `return value;` and `return error;` read as they should.
  Result(T value) : value_(std::move(value)) {}      // NOLINT
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }

  const T& value() const& {
    assert(ok());
    return *value_;
  }
  T& value() & {
    assert(ok());
    return *value_;
  }
  T value() && {
    assert(ok());
    return *std::move(value_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const& {
    assert(!ok());
    return *error_;
  }
  Error error() && {
    assert(!ok());
    return *std::move(error_);
  }

  // The same result; an error reads "`doing`: <message>".
  Result context(std::string_view doing) && {
    if (ok()) {
      return std::move(*this);
    }
    return std::move(*this).error().context(doing);
  }

 private:
  std::optional<T> value_;
  std::optional<Error> error_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { assert(ok()); }

  const Error& error() const& {
    assert(!ok());
    return *error_;
  }
  Error error() && {
    assert(!ok());
    return *std::move(error_);
  }

  Result context(std::string_view doing) && {
    if (ok()) {
      return {};
    }
    return std::move(*this).error().context(doing);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace catena::base

// The value of a Result, or an early return of its error from the enclosing function. Never inside
// a braced list: g++ 12 and clang 14 leak the members of the list that were already built.
#define TRY(expression)                     \
  __extension__({                           \
    auto try_result = (expression);         \
    if (!try_result.ok()) {                 \
      return std::move(try_result).error(); \
    }                                       \
    std::move(try_result).value();          \
  })
