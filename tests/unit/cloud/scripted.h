// A cloud and a clock that do what the test says.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/cloud/environment.h"
#include "common/cloud/http.h"
#include "common/cloud/pace.h"

namespace catena::test {

// Time passes in sleep() and pass() alone. Thread-safe.
class ScriptedPace : public cloud::Pace {
 public:
  std::chrono::system_clock::time_point wall() const override;
  std::chrono::milliseconds elapsed() const override;
  void sleep(std::chrono::milliseconds time) override;
  void pass(std::chrono::milliseconds time);
  // Steps the wall clock alone.
  void step_wall(std::chrono::milliseconds by);
  // Called in each sleep(), before time passes.
  std::function<void()> in_sleep;
  int sleeps() const;

 private:
  mutable std::mutex mutex_;
  // 2026-01-02T03:04:05Z
  std::chrono::system_clock::time_point wall_{std::chrono::seconds(1'767'323'045)};
  std::chrono::milliseconds elapsed_{1'000'000};
  int sleeps_ = 0;
};

using Answer = base::Result<cloud::HttpResponse>;

Answer answer(int status, std::string body = {});
Answer no_answer();

// Every request is kept and answered by `handler`. Thread-safe where the handler is.
class ScriptedTransport : public cloud::Transport {
 public:
  using Handler = std::function<Answer(const cloud::HttpRequest&)>;
  explicit ScriptedTransport(Handler handler) : handler_(std::move(handler)) {}

  Answer exchange(const cloud::HttpRequest& request) override;
  std::vector<cloud::HttpRequest> requests() const;
  // "GET /latest/...", without scheme and host.
  std::vector<std::string> lines() const;

 private:
  Handler handler_;
  mutable std::mutex mutex_;
  std::vector<cloud::HttpRequest> requests_;
};

std::string path_of(const cloud::HttpRequest& request);
std::string header_of(const cloud::HttpRequest& request, std::string_view name);

// A metadata service with tokens; items by path below /latest/meta-data/.
class ScriptedMetadata {
 public:
  std::map<std::string, std::string> items;
  int token_status = 200;         // of PUT /latest/api/token
  bool token_required = true;     // 403 for plain requests
  std::string token = "token-1";  // the only one that is good
  std::vector<int> statuses;      // the next answers to GET, before anything else

  Answer operator()(const cloud::HttpRequest& request);
  // For a ScriptedTransport; this object must outlive it.
  ScriptedTransport::Handler handler();
};

cloud::Environment environment_of(std::map<std::string, std::string> variables);

}  // namespace catena::test
