// How the life of a node is told: line by line while it goes on, and in numbers of many lives.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/cloud/pace.h"

namespace catena::crash {

struct Totals {
  std::map<std::string, int> steps;  // by what came of them
  int kills = 0;
  int requests = 0;
  int own_enis = 0;  // pods that got one
};
void print(const Totals& totals);

class Story {
 public:
  // On stdout, with the times of `pace`, which must outlive it; nothing unless it `tells`.
  Story(const cloud::Pace& pace, bool tells) : pace_(pace), tells_(tells) {}
  void tell(const std::string& line) const;

 private:
  const cloud::Pace& pace_;
  bool tells_;
};

// Each on a line of its own, indented.
std::string text_of(const std::vector<std::string>& lines);

}  // namespace catena::crash
