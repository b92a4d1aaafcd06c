#include "tests/support/scratch_netns.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace catena::test {
namespace {

void must(bool ok, const char* what) {
  if (!ok) {
    std::perror(what);
    std::abort();
  }
}

}  // namespace

ScratchNetNs::ScratchNetNs() {
  std::thread([this] {
    must(::unshare(CLONE_NEWNET) == 0, "unshare(CLONE_NEWNET): these tests need root");
    fd_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    must(fd_.valid(), "open /proc/thread-self/ns/net");
  }).join();
  sh("ip link set lo up");
}

ScratchNetNs::ScratchNetNs(const std::string& path)
    : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  must(fd_.valid(), path.c_str());
}

std::string ScratchNetNs::path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

void ScratchNetNs::run(const std::function<void()>& work) const {
  std::thread([this, &work] {
    must(::setns(fd_.get(), CLONE_NEWNET) == 0, "setns");
    work();
  }).join();
}

std::string ScratchNetNs::sh(const std::string& command) const {
  Outcome outcome = run_process({"/bin/sh", "-c", command}, {.netns_fd = fd_.get()});
  EXPECT_EQ(outcome.exit_status, 0) << command << "\n" << outcome.out << outcome.err;
  // ip(8) asks about every name in /run/netns, and complains of those that other tests, which run
  // at the same time, are just making.
  constexpr std::string_view kOthers = "Error: Peer netns reference is invalid.\n";
  for (std::size_t at = 0; (at = outcome.err.find(kOthers)) != std::string::npos;) {
    outcome.err.erase(at, kOthers.size());
  }
  return outcome.out + outcome.err;
}

bool ScratchNetNs::sh_ok(const std::string& command) const {
  return run_process({"/bin/sh", "-c", command}, {.netns_fd = fd_.get()}).exit_status == 0;
}

}  // namespace catena::test
