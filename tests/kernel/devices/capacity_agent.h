// Stands for the agent: answers eni.capacity at a socket.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/unique_fd.h"

namespace catena::test {

class CapacityAgent {
 public:
  CapacityAgent(std::string path, int capacity);
  CapacityAgent(const CapacityAgent&) = delete;
  CapacityAgent& operator=(const CapacityAgent&) = delete;
  CapacityAgent(CapacityAgent&&) = delete;
  CapacityAgent& operator=(CapacityAgent&&) = delete;
  ~CapacityAgent();

  void set(int capacity, const std::string& reason = {});
  // Another answer than a capacity, as a line of JSON.
  void set_answer(const std::string& line);
  int asked() const { return asked_; }

 private:
  void serve();

  std::string path_;
  base::UniqueFd fd_;
  base::UniqueFd stop_;  // eventfd(2)
  std::mutex mutex_;
  std::string line_;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

}  // namespace catena::test
