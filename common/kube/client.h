// Single requests to the API server, each waited for.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/kube/backoff.h"
#include "common/kube/config.h"
#include "common/kube/resource.h"
#include "common/kube/stream.h"
#include "common/kube/watcher.h"

namespace catena::kube {

struct ClientOptions {
  // For one call with all its repetitions; a list has it for each page.
  std::chrono::milliseconds budget{15'000};
  std::chrono::milliseconds request_timeout{10'000};
  std::chrono::milliseconds connect_timeout{5'000};
  BackoffSettings backoff{std::chrono::milliseconds(250), std::chrono::milliseconds(5'000)};
};

struct ListOptions {
  int page = 250;  // objects asked for at a time
  // From the API server's cache, which may be some seconds behind and costs etcd nothing.
  bool cached = false;
};

// Who is given a list. An object may come twice where a page had to be asked for again.
struct ListVisitor {
  TakeObject object;
  // Before the first object, and again when the server had forgotten the list in the middle of it:
  // what came before does not count any more. May be empty.
  std::function<void()> begin;
};

enum class PatchKind {
  kMerge,      // RFC 7386
  kStrategic,  // lists of built-in kinds are merged by their keys
};

// Errors carry the API server's reason as their code (common/kube/failure.h); kNotFound and kExists
// as they are called, kTryAgain for what a later try may change. Connection losses, 429 (as long as
// Retry-After says) and 5xx are tried again within the budget, a 401 once with a token read anew.
// Not thread-safe; a client for each thread costs a connection.
class Client {
 public:
  static base::Result<Client> create(Config config, ClientOptions options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  base::Result<nlohmann::json> get(const Reference& object);
  // The resourceVersion of the list, to watch from. Memory does not grow with the list.
  base::Result<std::string> list(const Selection& selection, const ListVisitor& visitor,
                                 const ListOptions& options = {});
  // The patched object. `subresource`: "status", or empty. Repeated like a read: applying a patch
  // twice must come to the same as once.
  base::Result<nlohmann::json> patch(const Reference& object, PatchKind kind,
                                     const nlohmann::json& change,
                                     std::string_view subresource = {});
  // For a loop that must not wait; independent of this client.
  base::Result<Watcher> watch(Selection selection, OnEvent on_event,
                              WatchOptions options = {}) const;

 private:
  struct State;
  explicit Client(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace catena::kube
