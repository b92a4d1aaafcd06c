#include "tests/chain/in_service.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/paths.h"

namespace catena::test {
namespace {

constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";

}  // namespace

bool is_full_run() { return std::getenv("CATENA_FULL") != nullptr; }

std::uint32_t seed_of_run() {
  const char* const given = std::getenv("CATENA_SEED");
  return given == nullptr ? 1 : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
}

void Agent::kill() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
}

void Agent::start() {
  const std::vector<std::string> words{
      bin_dir() + "/catena-agent", "run",   "--state-dir", node_->state_dir(), "--eni-conf",
      node_->eni_conf(),           "--api", "none",        "--listen",         "none"};
  child_ = node_->start(words);
}

void retire(std::unique_ptr<Pod> pod) {
  const int number = pod->netns.fd();
  pod.reset();
  base::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (nothing.get() == number) {
    (void)nothing.release();
  } else {
    ASSERT_EQ(::dup3(nothing.get(), number, O_CLOEXEC), number);
  }
}

void allow_many_descriptors() {
  const rlimit descriptors{4'096, 4'096};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &descriptors), 0);
}

NewBoot::NewBoot() {
  const std::string file = dir_.path() + "/boot_id";
  std::ofstream(file) << "11111111-2222-3333-4444-555555555555\n";
  EXPECT_EQ(::mount(file.c_str(), kBootId, nullptr, MS_BIND, nullptr), 0);
}

NewBoot::~NewBoot() { ::umount(kBootId); }

}  // namespace catena::test
