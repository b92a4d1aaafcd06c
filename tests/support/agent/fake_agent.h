// A program that stands for catena-agent where a plugin finds it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/ipam/store.h"

namespace catena::test {

// The words that a plugin called it with.
class CallWords {
 public:
  CallWords(int argc, char** argv) : words_(argv + 1, argv + argc) {}
  // What stands behind `name`, the first time or the nth; empty where there is no more.
  std::string after(const std::string& name, int nth = 0) const;
  std::string line() const;

 private:
  std::vector<std::string> words_;
};

// Its main: notes the call in the file agent-calls beside --state-dir, then does what FAKE_AGENT
// says: "hang" waits, an order among `known` is `work`'s 200 ms later, anything else is said on
// stderr as a failure. What `work` returns is printed. Returns the exit status.
using FakeWork = std::function<std::string(const std::string& order, const CallWords& words,
                                           ipam::Store& store)>;
int run_fake_agent(const CallWords& words, const std::vector<std::string>& known,
                   const FakeWork& work);

}  // namespace catena::test
