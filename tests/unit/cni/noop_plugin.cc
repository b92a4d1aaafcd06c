// A plugin for tests: its one key, "behave", says what every verb does.
#include <stdexcept>
#include <string>

#include "common/cni/plugin.h"

namespace {

using catena::base::Error;
using catena::base::ErrorKind;
using catena::base::Status;
using catena::cni::AddResult;
using catena::cni::Request;

Status behave(const Request& request) {
  catena::base::Fields fields = request.config.own_fields();
  const std::string how =
      TRY(fields.one_of("behave", {"well", "fail", "not-utf8", "throw", "throw-number"}))
          .value_or("well");
  TRY(fields.no_unknown_keys());
  if (how == "fail") {
    return Error(ErrorKind::kTryAgain, "no address left").advice("add a range");
  }
  if (how == "not-utf8") {
    return Error(ErrorKind::kInternal, "bytes \xff\xfe");
  }
  if (how == "throw") {
    throw std::runtime_error("thrown by the verb");
  }
  if (how == "throw-number") {
    throw 7;  // NOLINT(cert-err09-cpp,cert-err61-cpp,misc-throw-by-value-catch-by-reference)
  }
  return {};
}

catena::base::Result<AddResult> add(const Request& request) {
  TRY(behave(request));
  return request.config.prev_result.value_or(AddResult{});
}

}  // namespace

int main(int argc, char** argv) {
  const catena::cni::Plugin plugin{.name = "catena-noop",
                                   .about = "for tests",
                                   .release = "0.0.1",
                                   .add = add,
                                   .del = behave,
                                   .check = behave,
                                   .gc = behave,
                                   .status = behave};
  return catena::cni::plugin_main(plugin, argc, argv);
}
