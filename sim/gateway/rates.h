// How often and how much at once an account may call.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "sim/world.h"

namespace catena::sim {

struct RateOptions {
  // Calls of one action an account may make in a calendar minute; of others `other`.
  std::map<std::string, int> per_minute;
  int other = 500;
  int all = 0;         // of all actions together; 0: no limit
  int concurrent = 0;  // unanswered at once; 0: no limit

  // What Terway's own limiter is set to: the only published figures.
  static RateOptions usual();
};

struct Throttle {
  std::string code;
  std::string message;
  // name and value of the header that tells how long; empty name: none
  std::string header;
  std::string value;
};

class Rates {
 public:
  // Counts one call; a Throttle where it is one too many. One that is admitted counts as unanswered
  // until end_of_call().
  std::optional<Throttle> admit(const std::string& account, const std::string& action, Time now);
  void end_of_call(const std::string& account, Time answered) {
    unanswered_[account].push_back(answered);
  }
  RateOptions options = RateOptions::usual();

 private:
  int limit_of(const std::string& action) const;

  std::int64_t minute_ = 0;  // since 1970
  std::map<std::pair<std::string, std::string>, int> counts_;
  std::map<std::string, int> all_;
  std::map<std::string, std::vector<Time>> unanswered_;  // when each will have been answered
};

}  // namespace catena::sim
