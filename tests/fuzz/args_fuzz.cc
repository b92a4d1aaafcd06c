// The environment of a call, one "NAME=VALUE" a line.
#include <map>
#include <string>

#include "common/base/text.h"
#include "common/cni/args.h"
#include "common/cni/error_codes.h"
#include "common/cni/version.h"
#include "tests/fuzz/fuzz.h"

namespace {

using catena::cni::Args;
using catena::cni::Command;
using catena::fuzz::must;
using Variables = std::map<std::string, std::string>;

catena::base::Result<Args> read(const Variables& variables) {
  return catena::cni::read_args(
      [&variables](const std::string& name) -> std::optional<std::string> {
        const auto at = variables.find(name);
        return at == variables.end() ? std::nullopt : std::optional<std::string>(at->second);
      });
}

void try_read(const Variables& variables) {
  const auto args = read(variables);
  if (!args.ok()) {
    must(args.error().is(catena::base::ErrorKind::kBadEnvironment),
         "environment errors are code 4");
    must(!catena::cni::error_json(args.error(), catena::cni::kLatestVersion).empty(),
         "and printable");
    return;
  }
  const bool of_a_pod = args->command == Command::kAdd || args->command == Command::kCheck ||
                        args->command == Command::kDel;
  must(!of_a_pod || catena::cni::is_valid_id(args->attachment.container_id), "id is valid");
  must(args->attachment.if_name.size() <= 15, "ifname fits the kernel");
  must(args->attachment.if_name.find('/') == std::string::npos, "ifname is no path");
  must(args->netns.empty() || args->netns.front() == '/', "netns is absolute");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Variables variables;
  for (const std::string_view line : catena::base::split(catena::fuzz::text_of(data, size), '\n')) {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
    }
  }
  try_read(variables);
  for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
    variables["CNI_COMMAND"] = verb;
    try_read(variables);
  }
  variables["CNI_COMMAND"] = "DEL";
  Variables without_args = variables;
  without_args.erase("CNI_ARGS");
  must(read(variables).ok() == read(without_args).ok(), "CNI_ARGS keeps no pod from coming down");
  return 0;
}
