#include "agent/daemon/desk.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace catena::agent {

using base::Error;
using base::ErrorKind;
using Steady = std::chrono::steady_clock;

namespace {

// The duty's own error, which says more, comes before the askers' time is over.
Millis for_the_duty(Millis budget) { return budget - std::min(budget / 10, Millis(500)); }

}  // namespace

void Desk::ask(const Wish& wish, Reply reply) {
  if (find_wishes_ && reply_at_once(wish, reply)) {
    return;
  }
  if (const auto job = loop_jobs_.find(wish.duty->name); job != loop_jobs_.end()) {
    start_in_loop(wish, job->second, std::move(reply));
    return;
  }
  const std::uint64_t asker = add_asker(wish.budget, wish, std::move(reply));
  if (wish.duty->twins == Twins::kShareAnAnswer) {
    const auto twin = std::ranges::find_if(flights_, [&](const Flight& flight) {
      return flight.wish.duty == wish.duty && flight.wish.args == wish.args;
    });
    if (twin != flights_.end()) {
      twin->askers.push_back(asker);
      return;
    }
  }
  flights_.push_back({++last_number_, wish, Steady::now() + for_the_duty(wish.budget), {asker}});
  start(flights_.back());
}

void Desk::answer_in_loop(const std::string& duty, LoopJob job) {
  loop_jobs_[duty] = std::move(job);
}

void Desk::start_in_loop(const Wish& wish, const LoopJob& job, Reply reply) {
  const std::uint64_t asker = add_asker(wish.budget, wish, std::move(reply));
  const auto done = [this, asker, duty = wish.duty, begin = Steady::now()](const Answer& answer) {
    DutyCount& count = counts_[duty->name];
    ++(answer.ok() ? count.done : count.failed);
    count.spent += Steady::now() - begin;
    reply_to(asker, answer);
  };
  loop_.post([job, args = wish.args, budget = for_the_duty(wish.budget), done] {
    job(args, budget, done);
  });
}

bool Desk::reply_at_once(const Wish& wish, const Reply& reply) {
  std::optional<nlohmann::json> found = answer_at_once(*wish.duty, wish.args, find_wishes_);
  if (!found.has_value()) {
    return false;
  }
  ++counts_[wish.duty->name].done;
  loop_.post([reply, answer = Answer(*std::move(found))] { reply(answer); });
  return true;
}

std::uint64_t Desk::add_asker(Millis budget, const Wish& wish, Reply reply) {
  const std::uint64_t number = ++last_number_;
  const std::string name(wish.duty->name);
  Asker& asker = askers_[number];
  asker.reply = std::move(reply);
  asker.end = loop_.after(budget, [this, number, name, budget] {
    reply_to(number,
             Error(ErrorKind::kTryAgain, name + ": not finished within " +
                                             std::to_string(budget.count()) + " ms, it goes on"));
  });
  return number;
}

void Desk::reply_to(std::uint64_t asker, const Answer& answer) {
  const auto found = askers_.find(asker);
  if (found == askers_.end()) {
    return;
  }
  loop_.cancel(found->second.end);
  const Reply reply = std::move(found->second.reply);
  askers_.erase(found);
  reply(answer);
}

void Desk::start(const Flight& flight) {
  lane_of(*flight.wish.duty)
      .submit([this, number = flight.number, wish = flight.wish, end = flight.end,
               pods = pods_ ? pods_() : nullptr] {
        const Steady::time_point begin = Steady::now();
        Answer answer = Error(ErrorKind::kTryAgain,
                              std::string(wish.duty->name) + ": others took all of its time");
        if (begin < end) {
          const Request request{.duty = wish.duty,
                                .args = wish.args,
                                .budget = std::chrono::ceil<Millis>(end - begin),
                                .pods = pods.get()};
          answer = perform(request, nodes_, log_);
        }
        loop_.post([this, number, answer = std::move(answer), spent = Steady::now() - begin] {
          land(number, answer, spent);
        });
      });
}

void Desk::land(std::uint64_t flight, const Answer& answer, std::chrono::duration<double> spent) {
  const auto found = std::ranges::find(flights_, flight, &Flight::number);
  const Flight landed = std::move(*found);
  flights_.erase(found);
  DutyCount& count = counts_[landed.wish.duty->name];
  ++(answer.ok() ? count.done : count.failed);
  count.spent += spent;
  for (const std::uint64_t asker : landed.askers) {
    reply_to(asker, answer);
  }
}

void Desk::answer_all(const Error& error) {
  while (!askers_.empty()) {
    reply_to(askers_.begin()->first, error);
  }
}

std::chrono::seconds Desk::overdue() const {
  std::chrono::seconds most = std::chrono::seconds::min();
  for (const Flight& flight : flights_) {
    most = std::max(most, std::chrono::floor<std::chrono::seconds>(Steady::now() - flight.end));
  }
  return most;
}

Lane& Desk::lane_of(const DutyKind& duty) {
  if (duty.is_brief) {
    return brief_;
  }
  // Another lane than those that give way to it.
  if (duty.urgency == Urgency::kPodsWait) {
    return pods_wait_;
  }
  switch (duty.holds) {
    case Holds::kEnis:
    case Holds::kEnisAndRoutes:
      return enis_;
    case Holds::kRoutes:
      return routes_;
    case Holds::kNothing:
      break;
  }
  return others_;
}

}  // namespace catena::agent
