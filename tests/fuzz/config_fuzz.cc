// A network configuration, for every verb.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/cni/config.h"
#include "common/cni/error_codes.h"
#include "common/cni/result.h"
#include "tests/fuzz/fuzz.h"

namespace {

using catena::base::ErrorKind;
using catena::base::Result;
using catena::cni::Command;
using catena::cni::NetworkConfig;
using catena::fuzz::must;

void look_at_error(const catena::base::Error& error) {
  must(error.is(ErrorKind::kUndecodable) || error.is(ErrorKind::kBadConfig) ||
           error.is(ErrorKind::kIncompatible),
       "an error of the configuration is 6, 7 or 1");
  must(nlohmann::json::accept(catena::cni::error_json(error, catena::cni::kLatestVersion)),
       "errors are JSON");
}

bool try_read(std::string_view text, Command command) {
  std::vector<std::string> passed_over;
  const Result<NetworkConfig> config = catena::cni::read_config(text, command, &passed_over);
  if (!config.ok()) {
    look_at_error(config.error());
    return false;
  }
  const bool tolerant = command == Command::kDel || command == Command::kGc;
  must(tolerant || passed_over.empty(), "only DEL and GC pass over");
  must(command != Command::kCheck || config->prev_result.has_value(), "CHECK has a prevResult");
  if (const auto status = config->own_fields().no_unknown_keys(); !status.ok()) {
    look_at_error(status.error());
  }
  if (config->prev_result) {
    must(!catena::cni::result_to_json(*config->prev_result, config->version).empty(), "printable");
  }
  return passed_over.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = catena::fuzz::text_of(data, size);
  const bool add = try_read(text, Command::kAdd);
  const bool check = try_read(text, Command::kCheck);
  const bool del = try_read(text, Command::kDel);
  try_read(text, Command::kGc);
  try_read(text, Command::kStatus);
  must(!check || add, "what CHECK takes, ADD takes");
  must(add == del, "what ADD takes, DEL takes without passing anything over, and nothing else");
  return 0;
}
