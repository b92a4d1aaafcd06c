#include "tests/support/traffic.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/unique_fd.h"

namespace catena::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kChunk = std::size_t{128} << 10U;
constexpr std::size_t kFrames = 40;  // of a datagram that the kernel cuts (UDP_SEGMENT)

double milliseconds_of(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// With a port of the kernel's choice.
Address any_port(const base::IpAddress& ip) {
  Address address;
  if (ip.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    std::memcpy(&v4->sin_addr, ip.data(), ip.size());
    address.size = sizeof(sockaddr_in);
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    std::memcpy(&v6->sin6_addr, ip.data(), ip.size());
    address.size = sizeof(sockaddr_in6);
  }
  return address;
}

base::UniqueFd socket_in(const ScratchNetNs& netns, const base::IpAddress& ip, int type) {
  base::UniqueFd fd;
  netns.run([&] { fd.reset(::socket(ip.is_v4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0)); });
  EXPECT_TRUE(fd.valid()) << std::strerror(errno);
  return fd;
}

// A socket of each side, connected.
struct Stream {
  base::UniqueFd sender;
  base::UniqueFd receiver;
};

Stream connect_stream(const Load& load, int type) {
  Stream stream;
  base::UniqueFd listener = socket_in(load.to, load.destination, type);
  Address address = any_port(load.destination);
  EXPECT_EQ(::bind(listener.get(), address.get(), address.size), 0) << std::strerror(errno);
  EXPECT_EQ(::getsockname(listener.get(), address.get(), &address.size), 0);
  stream.sender = socket_in(load.from, load.destination, type);
  if (type == SOCK_STREAM) {
    EXPECT_EQ(::listen(listener.get(), 1), 0);
  }
  EXPECT_EQ(::connect(stream.sender.get(), address.get(), address.size), 0) << std::strerror(errno);
  stream.receiver = type == SOCK_STREAM ? base::UniqueFd(::accept(listener.get(), nullptr, nullptr))
                                        : std::move(listener);
  return stream;
}

std::vector<pollfd> to_poll(const std::vector<Stream>& streams, bool senders) {
  std::vector<pollfd> polled;
  polled.reserve(streams.size());
  for (const Stream& stream : streams) {
    polled.push_back(senders ? pollfd{stream.sender.get(), POLLOUT, 0}
                             : pollfd{stream.receiver.get(), POLLIN, 0});
  }
  return polled;
}

class Run {
 public:
  explicit Run(const Load& load) : load_(load), start_(Clock::now()) {
    for (int i = 0; i < load.streams; ++i) {
      streams_.push_back(connect_stream(load, load.tcp ? SOCK_STREAM : SOCK_DGRAM));
    }
    probe_ = connect_stream(load, SOCK_DGRAM);
    start_ = Clock::now();
    count_from_ = start_ + load.warm_up;
    end_ = count_from_ + load.duration;
  }

  Delivery go() {
    std::vector<std::thread> threads;
    threads.emplace_back([this] { receive(); });
    threads.emplace_back([this] { load_.tcp ? send_tcp() : send_udp(); });
    threads.emplace_back([this] { send_probes(); });
    threads.emplace_back([this] { receive_probes(); });
    for (std::thread& thread : threads) {
      thread.join();
    }
    Delivery delivery;
    delivery.bits_per_second =
        static_cast<double>(bytes_) * 8e3 / milliseconds_of(end_ - count_from_);
    if (!waits_.empty()) {
      std::ranges::sort(waits_);
      delivery.median_wait_ms = waits_[waits_.size() / 2];
      delivery.longest_wait_ms = waits_.back();
    }
    return delivery;
  }

 private:
  bool over() const { return Clock::now() >= end_; }

  void receive() {
    std::vector<char> buffer(kChunk);
    std::vector<pollfd> polled = to_poll(streams_, false);
    while (!over()) {
      ::poll(polled.data(), polled.size(), 20);
      for (const pollfd& one : polled) {
        const ssize_t got = (one.revents & POLLIN) != 0
                                ? ::recv(one.fd, buffer.data(), buffer.size(), MSG_DONTWAIT)
                                : 0;
        const auto now = Clock::now();
        if (got > 0 && now >= count_from_ && now < end_) {
          bytes_ += static_cast<std::uint64_t>(got);
        }
      }
    }
  }

  void send_tcp() {
    const std::vector<char> data(kChunk);
    std::vector<pollfd> polled = to_poll(streams_, true);
    while (!over()) {
      ::poll(polled.data(), polled.size(), 20);
      for (const pollfd& one : polled) {
        if ((one.revents & POLLOUT) != 0) {
          (void)!::send(one.fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        }
      }
    }
  }

  void send_udp() {
    const std::size_t payload = load_.destination.is_v4() ? 1472 : 1452;
    // Many at once where they come fast, so that sending is not what takes the time.
    const std::size_t frames = load_.offered_bits > 50'000'000 ? kFrames : 1;
    const std::vector<char> data(payload * frames);
    const int segment = static_cast<int>(payload);
    for (const Stream& stream : streams_) {
      EXPECT_EQ(::setsockopt(stream.sender.get(), SOL_UDP, UDP_SEGMENT, &segment, sizeof segment),
                0)
          << std::strerror(errno);
    }
    double sent_bits = 0;
    for (std::size_t turn = 0; !over(); ++turn) {
      const double due =
          static_cast<double>(load_.offered_bits) * milliseconds_of(Clock::now() - start_) / 1e3;
      if (sent_bits >= due) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        continue;
      }
      (void)!::send(streams_[turn % streams_.size()].sender.get(), data.data(), data.size(),
                    MSG_DONTWAIT);
      sent_bits += static_cast<double>(data.size()) * 8;
    }
  }

  void send_probes() {
    for (auto next = start_; next < end_; next += milliseconds(50)) {
      std::this_thread::sleep_until(next);
      const auto now = Clock::now().time_since_epoch().count();
      (void)!::send(probe_.sender.get(), &now, sizeof now, MSG_DONTWAIT);
    }
  }

  void receive_probes() {
    pollfd polled{probe_.receiver.get(), POLLIN, 0};
    while (!over()) {
      Clock::rep sent = 0;
      if (::poll(&polled, 1, 20) == 1 &&
          ::recv(polled.fd, &sent, sizeof sent, MSG_DONTWAIT) == ssize_t{sizeof sent}) {
        const auto now = Clock::now();
        if (now >= count_from_) {
          waits_.push_back(milliseconds_of(now - Clock::time_point(Clock::duration(sent))));
        }
      }
    }
  }

  const Load& load_;
  std::vector<Stream> streams_;
  Stream probe_;
  Clock::time_point start_;
  Clock::time_point count_from_;
  Clock::time_point end_;
  std::uint64_t bytes_ = 0;
  std::vector<double> waits_;
};

}  // namespace

Delivery carry(const Load& load) { return Run(load).go(); }

}  // namespace catena::test
