// Metrics and health over HTTP/1.1, GET alone, for the node itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/daemon/loop.h"
#include "agent/daemon/stream.h"
#include "common/base/result.h"

namespace catena::agent {

struct Page {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class HttpServer {
 public:
  using Show = std::function<Page(std::string_view path)>;

  // At "127.0.0.1:19109" or "[::1]:19109"; port 0: of the kernel's choice. `loop` must outlive it.
  static base::Result<std::unique_ptr<HttpServer>> open(const std::string& address, Loop& loop,
                                                        Show show);

  // "127.0.0.1:19109".
  const std::string& address() const { return address_; }

 private:
  struct Peer {
    std::unique_ptr<Stream> stream;
    Loop::TimerId end = 0;
  };

  HttpServer(Loop& loop, Show show) : loop_(loop), show_(std::move(show)) {}
  void accept(base::UniqueFd fd);
  void on_input(std::uint64_t number);
  void remove(std::uint64_t number);

  Loop& loop_;
  Show show_;
  std::string address_;
  std::unique_ptr<Listener> listener_;
  std::map<std::uint64_t, Peer> peers_;
  std::uint64_t last_number_ = 0;
};

}  // namespace catena::agent
