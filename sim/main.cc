// catena-sim: a VPC in a box.
#include <cstdio>
#include <string_view>

#include "sim/program/commands.h"

namespace {

constexpr const char* kUsage =
    "catena-sim: a VPC in a box: OpenAPI, metadata and data plane\n"
    "  catena-sim run [--scene FILE | --nodes N] ...   starts one and runs it\n"
    "  catena-sim ctl REQUEST...                       looks into one, gives it orders\n"
    "`catena-sim run --help` and `catena-sim ctl --help` tell the rest.\n";

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "run") {
    return catena::sim::run_command(argc - 1, argv + 1);
  }
  if (command == "ctl") {
    return catena::sim::ctl_command(argc - 1, argv + 1);
  }
  if (command == "--help" || command == "-h" || command == "help") {
    (void)std::fputs(kUsage, stdout);
    return 0;
  }
  (void)std::fputs(kUsage, stderr);
  return 2;
}
