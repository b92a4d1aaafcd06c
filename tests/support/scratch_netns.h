// A network namespace of the test's own, without a name or a mount: nothing can be left behind, not
// even by a test that is killed.
#pragma once

#include <functional>
#include <string>

#include "common/base/unique_fd.h"

namespace catena::test {

class ScratchNetNs {
 public:
  // With lo up. Aborts the test program when the kernel refuses.
  ScratchNetNs();
  // One that is there already, kept in being. Aborts the test program when nothing is at `path`.
  explicit ScratchNetNs(const std::string& path);

  int fd() const { return fd_.get(); }
  // "/proc/<pid>/fd/<n>": opens in every process while this lives.
  std::string path() const;
  // Runs `work` inside, in a thread of its own, and waits for it.
  void run(const std::function<void()>& work) const;
  // Runs a shell command inside; its output, stderr included. Fails the running test when the
  // command fails.
  std::string sh(const std::string& command) const;
  // The same; only its exit status.
  bool sh_ok(const std::string& command) const;

 private:
  base::UniqueFd fd_;
};

}  // namespace catena::test
