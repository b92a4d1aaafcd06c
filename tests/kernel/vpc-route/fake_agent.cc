// Stands for catena-agent: notes how it was called, then does what FAKE_AGENT says: "ok" writes the
// route entry down as the real one would, "hang" waits, anything else is said on stderr as a
// failure.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include "common/ipam/store.h"

namespace {

std::string after(int argc, char** argv, const std::string& name, int nth = 0) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name && nth-- == 0) {
      return argv[i + 1];
    }
  }
  return {};
}

void note(int argc, char** argv) {
  std::string line;
  for (int i = 1; i < argc; ++i) {
    line += (i == 1 ? "" : " ") + std::string(argv[i]);
  }
  line += "\n";
  const std::string path = after(argc, argv, "--state-dir") + "/../agent-calls";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace catena;
  note(argc, argv);
  const char* what = std::getenv("FAKE_AGENT");
  const std::string order = what == nullptr ? "ok" : what;
  if (order == "hang") {
    ::sleep(1000);
  }
  if (order != "ok") {
    std::fprintf(stderr, "catena-agent: %s\n", order.c_str());
    return 3;
  }
  ::usleep(200'000);
  ipam::Store store(after(argc, argv, "--state-dir"), {});
  for (int i = 0; !after(argc, argv, "--cidr", i).empty(); ++i) {
    ipam::Route route;
    route.cidr = base::Prefix::parse(after(argc, argv, "--cidr", i)).value();
    route.table = "vtb-1";
    route.entry = "rte-" + std::to_string(i);
    route.next_hop = "i-1";
    if (!store.change({.put_routes = {route}}).ok()) {
      return 1;
    }
  }
  return 0;
}
