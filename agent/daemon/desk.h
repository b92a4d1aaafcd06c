// Where duties are asked for, by the socket and by the timers alike: what may run side by side
// does, what may share an answer does.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "agent/daemon/lane.h"
#include "agent/daemon/loop.h"
#include "agent/nodes.h"
#include "agent/registry.h"

namespace catena::agent {

struct Wish {
  const DutyKind* duty = nullptr;
  std::string args = "{}";  // a JSON object; equal ones have equal texts
  Millis budget{120'000};   // from now on, waits in the queue included
};

// How often and how long a duty ran.
struct DutyCount {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::chrono::duration<double> spent{0};
};

// Of the loop's thread.
class Desk {
 public:
  using Answer = base::Result<nlohmann::json>;
  using Reply = std::function<void(const Answer&)>;

  // All must outlive the process's threads.
  Desk(Loop& loop, Nodes& nodes, base::Log& log) : loop_(loop), nodes_(nodes), log_(log) {}

  // `reply` is called once, from the loop, never from within this call: with the duty's answer, or
  // kTryAgain when the budget is over first (the duty then goes on for the others).
  void ask(const Wish& wish, Reply reply);
  // Answers all who still wait with `error`.
  void answer_all(const base::Error& error);

  using Pods = std::function<std::shared_ptr<const PodsSeen>()>;
  // Asked when a duty is asked for; null says that nothing is known of pods.
  void set_pods(Pods pods) { pods_ = std::move(pods); }
  // Asked for what is known now of one pod; may be empty.
  void set_find_wishes(FindWishes find) { find_wishes_ = std::move(find); }
  // The loop's thread itself carries this duty out, in the place of registry.h's function:
  // `job` is called from the loop, and calls `done` once, at any time.
  using LoopJob = std::function<void(const std::string& args, Millis budget, const Reply& done)>;
  void answer_in_loop(const std::string& duty, LoopJob job);
  bool idle() const { return flights_.empty(); }
  const std::map<std::string_view, DutyCount>& counts() const { return counts_; }
  // Seconds by which the duty that runs longest is past its budget; negative while none is.
  std::chrono::seconds overdue() const;

 private:
  struct Asker {
    Reply reply;
    Loop::TimerId end = 0;
  };
  struct Flight {
    std::uint64_t number = 0;
    Wish wish;
    std::chrono::steady_clock::time_point end;
    std::vector<std::uint64_t> askers;
  };

  void start_in_loop(const Wish& wish, const LoopJob& job, Reply reply);
  bool reply_at_once(const Wish& wish, const Reply& reply);
  std::uint64_t add_asker(Millis budget, const Wish& wish, Reply reply);
  void reply_to(std::uint64_t asker, const Answer& answer);
  void start(const Flight& flight);
  void land(std::uint64_t flight, const Answer& answer, std::chrono::duration<double> spent);
  Lane& lane_of(const DutyKind& duty);

  Loop& loop_;
  Nodes& nodes_;
  base::Log& log_;
  Lane pods_wait_;
  Lane enis_;
  Lane routes_;
  Lane brief_;
  Lane others_;
  std::list<Flight> flights_;
  std::map<std::uint64_t, Asker> askers_;
  std::uint64_t last_number_ = 0;
  Pods pods_;
  FindWishes find_wishes_;
  std::map<std::string, LoopJob, std::less<>> loop_jobs_;
  std::map<std::string_view, DutyCount> counts_;
};

}  // namespace catena::agent
