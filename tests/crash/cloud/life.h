// A life of a node, and what must hold in it and at its end.
#pragma once

#include <string>
#include <vector>

#include "tests/crash/cloud/mortal_node.h"

namespace catena::crash {

enum class Recovery { kOn, kOff };

class Life {
 public:
  Life(std::uint64_t seed, Recovery recovery, bool tells)
      : recovery_(recovery), node_(seed, tells) {}

  // What is wrong at the end; empty: nothing.
  std::vector<std::string> run(Totals& totals);

 private:
  std::vector<std::string> live(Totals& totals);
  std::vector<std::string> end();
  std::vector<std::string> recover();
  base::Status recover_once(agent::Duty& duty, std::vector<std::string>& left);

  Recovery recovery_;
  MortalNode node_;
};

}  // namespace catena::crash
