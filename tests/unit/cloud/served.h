// A server of httplib on loopback, and a request to it.
#pragma once

#include <chrono>
#include <httplib.h>
#include <string>
#include <thread>

#include "common/cloud/http.h"

namespace catena::cloud {

// Serves on a port of loopback until the object dies.
class Served {
 public:
  explicit Served(httplib::Server& server)
      : server_(&server), port_(server.bind_to_any_port("127.0.0.1")) {
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;
  Served(Served&&) = delete;
  Served& operator=(Served&&) = delete;
  ~Served() {
    server_->stop();
    thread_.join();
  }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int port() const { return port_; }

 private:
  httplib::Server* server_;
  int port_;
  std::thread thread_;
};

inline HttpRequest to(const std::string& url,
                      std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000)) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.timeout = timeout;
  return request;
}

}  // namespace catena::cloud
