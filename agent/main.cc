// catena-agent: what of Catena needs the cloud or the API server, as a daemon and as one-shot
// calls.
#include <cstdio>
#include <string_view>

#include "agent/call.h"
#include "agent/daemon/daemon.h"

namespace {

using catena::agent::Exit;

constexpr const char* kHelp =
    "Usage:\n"
    "  catena-agent run [OPTION...]        the daemon (catena-agent run --help)\n"
    "  catena-agent call DUTY [OPTION...]  one duty, once (catena-agent call --help)\n"
    "  catena-agent --version\n"
    "  catena-agent --help\n";

Exit usage() {
  std::fprintf(stderr,
               "catena-agent: expected the command 'run' or 'call' (catena-agent --help)\n");
  return Exit::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  Exit exit = Exit::kDone;
  if (command == "call") {
    exit = catena::agent::call_main(argc, argv);
  } else if (command == "run") {
    exit = catena::agent::run_main(argc, argv);
  } else if (command == "--help") {
    std::printf("%s", kHelp);
  } else if (command == "--version") {
    std::printf("catena-agent %s\n", CATENA_VERSION);
  } else {
    exit = usage();
  }
  return static_cast<int>(exit);
}
