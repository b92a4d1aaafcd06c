// What the workers of a stress run know for certain, in memory that outlives them, and the judge
// who compares it with what must never happen.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

namespace catena::crash {

inline constexpr std::size_t kWorkers = 64;
inline constexpr std::size_t kPods = 4;  // that a worker may have at a time

enum class Step : std::uint8_t {
  kHas,      // a claim was acknowledged, or the store said so when asked
  kGivesUp,  // a release is about to be asked for
  kLost,     // the store did not find what it had acknowledged
};

struct Event {
  std::uint64_t time = 0;  // of the run's own clock, which ticks with each event
  Step step = Step::kHas;
  std::uint64_t pod = 0;      // never 0
  std::uint32_t address = 0;  // IPv4, host order, or the low half of the IPv6 one with bit 31 set
};

struct Pod {
  std::atomic<std::uint64_t> id;         // 0: none
  std::atomic<std::uint32_t> giving_up;  // a release was begun
};

struct Worker {
  std::atomic<std::uint64_t> next_pod;
  std::array<Pod, kPods> pods;
  std::atomic<std::uint64_t> event_count;
  static constexpr std::size_t kEventsAtMost = 20'000;
  std::array<Event, kEventsAtMost> events;
};

// Zeroed memory is a valid one.
struct Ledger {
  std::atomic<std::uint64_t> clock;
  std::atomic<std::uint64_t> operations;
  std::array<Worker, kWorkers> workers;

  // Shared with all children of this process.
  static Ledger* create();
  // One that is killed within leaves the event out or whole.
  void write(std::size_t worker, Step step, std::uint64_t pod, std::uint32_t address);
  std::vector<Event> events() const;
};

// One sentence for each time that two pods had one address, a pod changed its address, or one was
// lost.
std::vector<std::string> judge(std::vector<Event> events);

}  // namespace catena::crash
