// An idle agent holds no memory that only a busy one needs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/daemon/loop.h"

namespace catena::agent {

// Free heap, and the code of programs and libraries that the kernel can bring back from its cache
// whenever it is run again.
void give_back_memory();

// Gives memory back after each spell of work, once some seconds have passed without any: more work
// may come soon. Of the loop's thread.
class IdleMemory {
 public:
  // How much work was done so far; nothing while some is being done.
  using WorkDone = std::function<std::optional<std::uint64_t>()>;

  // The loop must outlive it.
  IdleMemory(Loop& loop, WorkDone work_done);
  IdleMemory(const IdleMemory&) = delete;
  IdleMemory& operator=(const IdleMemory&) = delete;
  IdleMemory(IdleMemory&&) = delete;
  IdleMemory& operator=(IdleMemory&&) = delete;
  ~IdleMemory() { loop_.cancel(timer_); }

 private:
  void look_later();
  void look();

  Loop& loop_;
  WorkDone work_done_;
  Loop::TimerId timer_ = 0;
  std::uint64_t at_last_look_ = 0;
  std::uint64_t at_give_back_ = 0;
};

// Of this process, in bytes; 0 where it can't be read.
double resident_bytes();

}  // namespace catena::agent
