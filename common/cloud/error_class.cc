#include "common/cloud/error_class.h"

#include "common/cloud/error_table.h"
#include "common/cloud/http.h"

namespace catena::cloud {

using base::Error;
using base::ErrorKind;

namespace {

constexpr Verdict kPassing{ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain, ""};
constexpr Verdict kMissing{ErrorClass::kNotFound, Reaction::kReadState, ErrorKind::kNotFound, ""};
constexpr Verdict kUnknown{ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kInternal, ""};

Verdict verdict_of(const Error& error) {
  if (const Verdict* verdict = find_verdict(error.code()); verdict != nullptr) {
    return *verdict;
  }
  return error.is(ErrorKind::kTryAgain)   ? kPassing
         : error.is(ErrorKind::kNotFound) ? kMissing
                                          : kUnknown;
}

}  // namespace

bool is_of_family(std::string_view code, std::string_view family) {
  return code.starts_with(family) && (code.size() == family.size() || code[family.size()] == '.');
}

Verdict verdict_on(std::string_view code, int http_status) {
  if (const Verdict* verdict = find_verdict(code); verdict != nullptr) {
    return *verdict;
  }
  if (http_status >= 500) {
    return kPassing;
  }
  return code.ends_with(".NotFound") ? kMissing : kUnknown;
}

ErrorClass class_of(const Error& error) { return verdict_of(error).error_class; }

Reaction reaction_to(const Error& error) { return verdict_of(error).reaction; }

bool may_have_been_done(const Error& error) {
  return error.code() != kNotSent && class_of(error) == ErrorClass::kRetry;
}

}  // namespace catena::cloud
