#include "tests/unit/cloud/raw_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

namespace catena::cloud {

RawServer::RawServer(std::function<void(int connection)> serve)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
  EXPECT_EQ(::listen(listener_.get(), 16), 0);
  EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, serve = std::move(serve)] {
    while (!stopping_) {
      pollfd waiting{listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) {
        continue;
      }
      const base::UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      ++accepted_;
      serve(connection.get());
    }
  });
}

RawServer::~RawServer() {
  stopping_ = true;
  thread_.join();
}

std::string read_request(int connection) {
  std::string text;
  char bytes[4096];
  while (text.find("\r\n\r\n") == std::string::npos) {
    pollfd waiting{connection, POLLIN, 0};
    if (::poll(&waiting, 1, 5'000) <= 0) {
      break;
    }
    const ssize_t got = ::recv(connection, bytes, sizeof bytes, 0);
    if (got <= 0) {
      break;
    }
    text.append(bytes, static_cast<std::size_t>(got));
  }
  return text;
}

void send_text(int connection, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t wrote = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (wrote <= 0) {
      return;  // the client had enough
    }
    sent += static_cast<std::size_t>(wrote);
  }
}

}  // namespace catena::cloud
