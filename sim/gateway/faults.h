// Failures on order: which calls go wrong, how, and how often.
#pragma once

#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace catena::sim {

struct Fault {
  enum class When {
    kBefore,  // the action is not carried out
    kAfter,   // it is, and then
  };
  enum class What {
    kError,    // the OpenAPI error below
    kLost,     // the connection closes without an answer
    kSlow,     // the right answer, `delay` late; `when` does not matter
    kHtml,     // 502 with the page of a proxy
    kGarbage,  // 200 with a body that is not JSON and not XML
    kHalf,     // the connection closes in the middle of the body
    kRefused,  // no connection: the server saw nothing; `when` does not matter
  };
  std::string action = "*";  // "*": any
  When when = When::kBefore;
  What what = What::kError;
  int count = 1;                       // negative: until cleared
  double probability = 1.0;            // of each call that it fits
  std::chrono::milliseconds delay{0};  // before the failure or the answer is seen
  // Of kError:
  int status = 500;
  std::string code = "InternalError";
  std::string message = "The request processing has failed due to some unknown error.";
};

class Faults {
 public:
  explicit Faults(std::uint64_t seed) : random_(seed) {}

  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }
  // Those that can still happen.
  const std::vector<Fault>& pending() const { return faults_; }

  enum class Stage {
    kConnection,  // kRefused
    kBefore,      // of kBefore
    kAfter,       // of kAfter, and kSlow
  };
  // The first fault that hits this call at this stage, counted down.
  std::optional<Fault> draw(const std::string& action, Stage stage);

 private:
  std::mt19937_64 random_;
  std::vector<Fault> faults_;
};

}  // namespace catena::sim
