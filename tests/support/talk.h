// Sockets that talk, for as long as they are let.
#pragma once

#include <chrono>

#include "common/base/ip.h"
#include "common/base/unique_fd.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

struct TalkEnd {
  const ScratchNetNs& netns;
  base::IpAddress address;  // its own
};

// TCP, or UDP.
class Talk {
 public:
  // Fails the running test where it does not come about.
  Talk(const TalkEnd& caller, const TalkEnd& callee, bool tcp = true);

  // Whether something that one sends reaches the other; waits for arrivals, but not long for what
  // does not come.
  bool asks() const { return carries(caller_, callee_); }
  bool answers() const { return carries(callee_, caller_); }
  bool goes_on() const { return asks() && answers(); }
  // Whether nothing comes, from either end. The callee, who may mostly send what it likes, first.
  bool is_cut() const { return !answers() && !asks() && !answers(); }

 private:
  static bool carries(const base::UniqueFd& from, const base::UniqueFd& to);

  base::UniqueFd caller_;
  base::UniqueFd callee_;
};

// One end of a UDP flow whose ports are always the same: an end in another namespace with the same
// address takes its place.
class FixedEnd {
 public:
  // Fails the running test where the address is not there.
  FixedEnd(const TalkEnd& own, const base::IpAddress& other);
  // Waits for what should arrive as for what should not, kLongEnough.
  bool reaches(const FixedEnd& other) const;

 private:
  base::UniqueFd fd_;
};

}  // namespace catena::test
