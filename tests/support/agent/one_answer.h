// A daemon of the agent's place that has one thing to say.
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/unique_fd.h"

namespace catena::test {

// An agent that listens at `path`, answers one request with a line, and keeps what was asked.
class OneAnswer {
 public:
  OneAnswer(const std::string& path, std::string answer)
      : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listener_.get(), 1), 0);
    thread_ = std::thread([this, line = std::move(answer) + "\n"] { serve(line); });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  OneAnswer(OneAnswer&&) = delete;
  OneAnswer& operator=(OneAnswer&&) = delete;
  ~OneAnswer() { asked(); }

  std::string asked() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    if (thread_.joinable()) {
      thread_.join();
    }
    return asked_;
  }

 private:
  void serve(const std::string& line) {
    const base::UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::array<char, 4096> buffer{};
    while (peer.valid() && asked_.find('\n') == std::string::npos) {
      const ssize_t got = ::read(peer.get(), buffer.data(), buffer.size());
      if (got <= 0) {
        return;
      }
      asked_.append(buffer.data(), static_cast<std::size_t>(got));
    }
    EXPECT_TRUE(!peer.valid() || ::write(peer.get(), line.data(), line.size()) > 0);
  }

  base::UniqueFd listener_;
  std::string asked_;
  std::thread thread_;
};

}  // namespace catena::test
