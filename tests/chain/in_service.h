// What befalls a node in service: an agent that comes and goes, namespaces that end, reboots.
#pragma once

#include <cstdint>
#include <memory>

#include "tests/chain/shared_enis.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

// CATENA_FULL and CATENA_SEED (scripts/test).
bool is_full_run();
std::uint32_t seed_of_run();

// catena-agent run on a node, killed and started again at will.
class Agent {
 public:
  explicit Agent(const SimNode& node) : node_(&node) { start(); }
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  Agent(Agent&&) = delete;
  Agent& operator=(Agent&&) = delete;
  ~Agent() { kill(); }

  void kill();
  void start();

 private:
  const SimNode* node_;
  pid_t child_ = -1;
};

// Ends a pod's namespace. Its path, unlike the number of a closed descriptor, is not used again: as
// with runtimes, which name each namespace anew.
void retire(std::unique_ptr<Pod> pod);
// As retire() needs.
void allow_many_descriptors();

// Another boot id for this test's mount namespace while it lives; the machine's own stays as it is.
class NewBoot {
 public:
  NewBoot();
  NewBoot(const NewBoot&) = delete;
  NewBoot& operator=(const NewBoot&) = delete;
  NewBoot(NewBoot&&) = delete;
  NewBoot& operator=(NewBoot&&) = delete;
  ~NewBoot();

 private:
  TempDir dir_;
};

}  // namespace catena::test
