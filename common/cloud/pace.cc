#include "common/cloud/pace.h"

#include <thread>

namespace catena::cloud {
namespace {

class RealPace : public Pace {
 public:
  std::chrono::system_clock::time_point wall() const override {
    return std::chrono::system_clock::now();
  }
  std::chrono::milliseconds elapsed() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
  void sleep(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }
};

}  // namespace

Pace& real_pace() {
  static RealPace pace;
  return pace;
}

}  // namespace catena::cloud
