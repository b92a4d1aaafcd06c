#include "tests/support/talk.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/support/probe.h"

namespace catena::test {
namespace {

constexpr std::uint16_t kFixedPort = 5353;

struct Address {
  explicit Address(const base::IpAddress& address, std::uint16_t port = 0) {
    if (address.is_v4()) {
      auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      std::memcpy(&v4->sin_addr, address.data(), address.size());
      size = sizeof(*v4);
    } else {
      auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      std::memcpy(&v6->sin6_addr, address.data(), address.size());
      size = sizeof(*v6);
    }
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  sockaddr_storage storage{};
  socklen_t size = 0;
};

base::UniqueFd bound(const TalkEnd& end, bool tcp, std::uint16_t port = 0) {
  base::UniqueFd fd;
  end.netns.run([&] {
    fd.reset(::socket(end.address.is_v4() ? AF_INET : AF_INET6,
                      (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0));
    Address own(end.address, port);
    EXPECT_EQ(::bind(fd.get(), own.get(), own.size), 0)
        << end.address.to_string() << ": " << std::strerror(errno);
  });
  return fd;
}

void connect_to(const base::UniqueFd& fd, const base::UniqueFd& other) {
  Address there{base::IpAddress()};
  there.size = sizeof(there.storage);
  EXPECT_EQ(::getsockname(other.get(), there.get(), &there.size), 0);
  EXPECT_EQ(::connect(fd.get(), there.get(), there.size), 0) << std::strerror(errno);
}

bool comes(const base::UniqueFd& fd, std::chrono::milliseconds patience) {
  pollfd waiting{fd.get(), POLLIN, 0};
  return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
}

bool carries(const base::UniqueFd& from, const base::UniqueFd& to) {
  char byte = 0;
  while (::recv(to.get(), &byte, sizeof(byte), MSG_DONTWAIT) > 0) {
  }
  if (::send(from.get(), "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1) {
    return false;
  }
  return comes(to, kLongEnough) && ::recv(to.get(), &byte, sizeof(byte), MSG_DONTWAIT) == 1;
}

}  // namespace

Talk::Talk(const TalkEnd& caller, const TalkEnd& callee, bool tcp)
    : caller_(bound(caller, tcp)), callee_(bound(callee, tcp)) {
  if (!tcp) {
    connect_to(caller_, callee_);
    connect_to(callee_, caller_);
  } else {
    EXPECT_EQ(::listen(callee_.get(), 1), 0) << std::strerror(errno);
    connect_to(caller_, callee_);
    EXPECT_TRUE(comes(callee_, kUntilItComes));
    callee_.reset(::accept4(callee_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  EXPECT_TRUE(goes_on());
}

FixedEnd::FixedEnd(const TalkEnd& own, const base::IpAddress& other)
    : fd_(bound(own, /*tcp=*/false, kFixedPort)) {
  Address there(other, kFixedPort);
  EXPECT_EQ(::connect(fd_.get(), there.get(), there.size), 0) << std::strerror(errno);
}

bool FixedEnd::reaches(const FixedEnd& other) const { return carries(fd_, other.fd_); }

bool Talk::carries(const base::UniqueFd& from, const base::UniqueFd& to) {
  return test::carries(from, to);
}

}  // namespace catena::test
