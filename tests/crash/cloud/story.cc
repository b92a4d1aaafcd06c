#include "tests/crash/cloud/story.h"

#include <cstdio>

namespace catena::crash {

void print(const Totals& totals) {
  std::printf("%d kills, %d requests, %d pods with an ENI of their own; steps:", totals.kills,
              totals.requests, totals.own_enis);
  for (const auto& [what, count] : totals.steps) {
    std::printf(" %s %d,", what.c_str(), count);
  }
  std::printf("\n");
}

void Story::tell(const std::string& line) const {
  if (tells_) {
    std::printf("%8lld ms  %s\n", static_cast<long long>(pace_.elapsed().count()), line.c_str());
  }
}

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "\n  " + line;
  }
  return text;
}

}  // namespace catena::crash
