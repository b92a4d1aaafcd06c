#include "agent/plugin_status.h"

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/program.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

constexpr std::size_t kMostSaid = std::size_t{64} << 10U;  // bytes

// The message of a CNI error, or what was said instead.
std::string reason_in(const base::Ended& ended) {
  const Result<Json> json = base::parse_json(ended.out, kMostSaid);
  if (json.ok() && json->is_object() && json->contains("msg") && json->at("msg").is_string()) {
    std::string reason = json->at("msg").get<std::string>();
    if (json->contains("details") && json->at("details").is_string()) {
      reason += ": " + json->at("details").get<std::string>();
    }
    return reason;
  }
  return "it " + ended.how();
}

}  // namespace

base::Status ask_status(const std::string& program, const std::string& config,
                        const std::vector<std::string>& cni_path,
                        std::chrono::milliseconds patience) {
  const auto ended = base::run_program({.words = {program},
                                        .input = config,
                                        .environment = {{"CNI_COMMAND", "STATUS"},
                                                        {"CNI_PATH", base::join(cni_path, ":")},
                                                        {"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}},
                                        .only_this_environment = true,
                                        .says_to_our_stderr = true,
                                        .patience = patience,
                                        .kept = kMostSaid});
  if (!ended.ok() && ended.error().is(ErrorKind::kTryAgain)) {
    return Error(ErrorKind::kNotAvailable, "STATUS did not end in time");
  }
  if (!ended.ok()) {
    return ended.error();
  }
  return ended->status == 0 ? base::Status()
                            : Error(ErrorKind::kNotAvailable, "STATUS: " + reason_in(*ended));
}

}  // namespace catena::agent
