// One libcurl transfer at a time and one alarm, behind one descriptor that a loop can wait for.
#pragma once

#include <chrono>
#include <curl/curl.h>
#include <memory>
#include <optional>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::kube {

class Transfer {
 public:
  static base::Result<std::unique_ptr<Transfer>> create();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Transfer(Transfer&&) = delete;
  Transfer& operator=(Transfer&&) = delete;
  ~Transfer();

  // An epoll descriptor: readable when step() has something to do, the alarm included.
  int fd() const { return epoll_.get(); }

  // `easy` must live until step() said what came of it, or stop().
  base::Status start(CURL* easy);
  void stop();
  void set_alarm(std::chrono::milliseconds from_now);

  struct Progress {
    std::optional<CURLcode> done;  // of the transfer, which is stopped then
    bool alarm = false;            // it rang
  };
  // Never waits.
  Progress step();

 private:
  struct MultiDeleter {
    void operator()(CURLM* multi) const { ::curl_multi_cleanup(multi); }
  };

  Transfer() = default;
  base::Status open();
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* user, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* user);
  void act(int fd, unsigned events);

  // Destroyed last first: libcurl closes its sockets while the epoll descriptor still stands.
  base::UniqueFd epoll_;
  base::UniqueFd timer_;  // libcurl's
  base::UniqueFd alarm_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  CURL* easy_ = nullptr;
};

}  // namespace catena::kube
