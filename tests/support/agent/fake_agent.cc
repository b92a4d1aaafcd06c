#include "tests/support/agent/fake_agent.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "common/base/text.h"

namespace catena::test {
namespace {

void note(const CallWords& words) {
  const std::string line = words.line() + "\n";
  const std::string path = words.after("--state-dir") + "/../agent-calls";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
  ::close(fd);
}

}  // namespace

std::string CallWords::after(const std::string& name, int nth) const {
  for (std::size_t i = 0; i + 1 < words_.size(); ++i) {
    if (words_[i] == name && nth-- == 0) {
      return words_[i + 1];
    }
  }
  return {};
}

std::string CallWords::line() const { return base::join(words_, " "); }

int run_fake_agent(const CallWords& words, const std::vector<std::string>& known,
                   const FakeWork& work) {
  note(words);
  const char* what = std::getenv("FAKE_AGENT");
  const std::string order = what == nullptr ? "ok" : what;
  if (order == "hang") {
    ::sleep(1000);
  }
  if (std::ranges::find(known, order) == known.end()) {
    std::fprintf(stderr, "catena-agent: %s\n", order.c_str());
    return 3;
  }
  ::usleep(200'000);
  ipam::Store store(words.after("--state-dir"), {});
  std::printf("%s", work(order, words, store).c_str());
  return 0;
}

}  // namespace catena::test
