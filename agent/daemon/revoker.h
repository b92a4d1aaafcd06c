// Cuts running flows that the rules forbid by now (`--policy-revoke on`), beside the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/daemon/lane.h"
#include "agent/daemon/loop.h"
#include "agent/policy/enforcer.h"
#include "agent/policy/revoke.h"

namespace catena::agent {

// Of the loop's thread.
class Revoker {
 public:
  // All must outlive it.
  Revoker(Enforcer& enforcer, Loop& loop, std::function<void(const std::string&)> warn)
      : enforcer_(enforcer), loop_(loop), warn_(std::move(warn)) {}

  // The kernel's rules are other ones than before. Flows are looked at once more where a look is
  // under way.
  void look();
  std::uint64_t cut() const { return cut_; }

 private:
  void on_found(std::vector<FlowsAt> flows);
  void on_done(std::size_t number, const std::vector<std::string>& notices);

  Enforcer& enforcer_;
  Loop& loop_;
  std::function<void(const std::string&)> warn_;
  Lane lane_;
  bool looking_ = false;
  bool again_ = false;
  std::uint64_t cut_ = 0;
};

}  // namespace catena::agent
