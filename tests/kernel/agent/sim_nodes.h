// catena-sim with two nodes, as separate programs see it: real links, real HTTP, real time.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

class SimNodes {
 public:
  // Fails the running test where the simulator does not get ready.
  SimNodes();
  SimNodes(const SimNodes&) = delete;
  SimNodes& operator=(const SimNodes&) = delete;
  SimNodes(SimNodes&&) = delete;
  SimNodes& operator=(SimNodes&&) = delete;
  ~SimNodes();

  using Environment = std::vector<std::pair<std::string, std::string>>;

  // `node` is 1 or 2.
  const ScratchNetNs& netns(int node) const {
    return *nodes_.at(static_cast<std::size_t>(node - 1));
  }
  std::string state_dir(int node) const { return dir_.path() + "/state-" + std::to_string(node); }
  // What programs on a node need to reach the cloud.
  const Environment& environment() const { return environment_; }
  // catena-agent call DUTY ... on that node.
  Outcome agent(int node, const std::vector<std::string>& words,
                const Environment& more = {}) const;
  // catena-sim ctl
  Outcome ctl(const std::vector<std::string>& words) const;

 private:
  TempDir dir_;
  std::string prefix_;
  pid_t pid_ = -1;
  Environment environment_;
  std::vector<std::unique_ptr<ScratchNetNs>> nodes_;
};

}  // namespace catena::test
