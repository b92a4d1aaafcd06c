// HTTP on any number of sockets, in whatever namespaces, by one thread: an event loop. Made for
// answers that are late, lost or cut off on purpose.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"
#include "sim/gateway.h"
#include "sim/program/http_message.h"

namespace catena::sim {

// In the calling thread's namespace. `port` 0: the kernel chooses.
base::Result<base::UniqueFd> listen_tcp(const base::IpAddress& address, std::uint16_t port);
// For its owner only; what was at `path` is replaced.
base::Result<base::UniqueFd> listen_unix(const std::string& path);
// The port a socket listens on.
base::Result<std::uint16_t> port_of(const base::UniqueFd& listening);

// One thread at a time.
class HttpServer {
 public:
  using Handler = std::function<Answer(const ReceivedRequest&)>;

  static base::Result<HttpServer> create();
  HttpServer(HttpServer&&) noexcept = default;
  HttpServer& operator=(HttpServer&&) noexcept = default;
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() = default;

  // Serves what comes in there; returns a number to stop it by.
  base::Result<int> serve(base::UniqueFd listening, Handler handler);
  // With its connections, at the end of the round: a handler may stop what it is called from.
  void stop(int number) { stopped_.push_back(number); }
  // Calls `react` when `fd`, which stays the caller's, is readable.
  base::Status watch(int fd, std::function<void()> react);

  // Waits for something to do, `longest` at most, and does it.
  base::Status run_once(std::chrono::milliseconds longest);

 private:
  using Clock = std::chrono::steady_clock;
  struct Listener {
    base::UniqueFd fd;
    Handler handler;
  };
  struct Connection {
    base::UniqueFd fd;
    int listener = -1;
    std::string in;
    std::string out;
    bool continued = false;  // "100 Continue" was sent for the request in `in`
    bool busy = false;       // a request waits for its answer to be sent
    bool keep_alive = true;
    bool without_body = false;
    bool close = false;                    // once `out` is sent
    bool ended = false;                    // the other side sends no more
    Answer answer;                         // of the request that waits
    std::optional<Clock::time_point> due;  // when it is to be sent
    Clock::time_point last_used;
  };

  explicit HttpServer(base::UniqueFd epoll) : epoll_(std::move(epoll)) {}
  base::Status add_to_epoll(int fd, std::uint32_t events) const;
  void accept_all(int listener_fd);
  void on_ready(int fd, std::uint32_t events);
  static void receive(Connection& connection);
  // These return false when the connection is at its end.
  bool take_request(Connection& connection);
  bool give_answer(Connection& connection);
  static bool flush(Connection& connection);
  bool proceed(Connection& connection);
  void give_due_answers();
  void drop_idle();
  void drop_stopped();
  std::chrono::milliseconds until_next(std::chrono::milliseconds longest) const;

  base::UniqueFd epoll_;
  std::map<int, Listener> listeners_;      // by descriptor, which is their number too
  std::map<int, Connection> connections_;  // by descriptor
  std::map<int, std::function<void()>> watched_;
  std::vector<int> stopped_;
};

}  // namespace catena::sim
