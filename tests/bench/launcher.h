// Starts plugins cheaply and alike, and times them: ours and the reference pay the same for it.
#pragma once

#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "common/base/unique_fd.h"

namespace catena::bench {

using Environment = std::vector<std::pair<std::string, std::string>>;

// What is to run, with everything prepared that would cost time later.
class Launch {
 public:
  // `input` is the whole stdin; a file in memory holds it.
  Launch(std::string program, const Environment& environment, const std::string& input,
         std::vector<std::string> arguments = {});

  // posix_spawn in the calling thread's namespaces; the process runs when this returns.
  void start();
  // Waits for its end. Aborts the benchmark with the plugin's answer when it failed.
  void finish();
  // start and finish: wall time in milliseconds.
  double time();

  // What it printed; after finish().
  std::string output() const;

 private:
  std::string program_;
  std::vector<std::string> environment_;
  std::vector<std::string> arguments_;
  base::UniqueFd input_;
  base::UniqueFd output_;
  pid_t child_ = -1;
};

// Milliseconds on the monotonic clock.
double now_ms();

// All at once: wall time of all, and of each from the common start to its end.
struct Burst {
  double all_ms = 0;
  std::vector<double> each_ms;
};
Burst time_burst(std::vector<Launch>& launches);

}  // namespace catena::bench
