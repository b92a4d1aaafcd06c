// A loopback TCP server that answers as no HTTP server would.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "common/base/unique_fd.h"

namespace catena::cloud {

// Runs `serve` on each connection, one after another; the connection closes when it returns.
class RawServer {
 public:
  explicit RawServer(std::function<void(int connection)> serve);
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;
  RawServer(RawServer&&) = delete;
  RawServer& operator=(RawServer&&) = delete;
  ~RawServer();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }
  int port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  base::UniqueFd listener_;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// All up to the empty line that ends a request's headers; less when the peer closes first.
std::string read_request(int connection);
void send_text(int connection, const std::string& text);

}  // namespace catena::cloud
