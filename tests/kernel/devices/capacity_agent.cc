#include "tests/kernel/devices/capacity_agent.h"

#include <array>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::test {

using nlohmann::json;

CapacityAgent::CapacityAgent(std::string path, int capacity)
    : path_(std::move(path)),
      fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  set(capacity);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ::unlink(path_.c_str());
  EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd_.get(), 16), 0);
  thread_ = std::thread([this] { serve(); });
}

CapacityAgent::~CapacityAgent() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  ::unlink(path_.c_str());
}

void CapacityAgent::set(int capacity, const std::string& reason) {
  set_answer(json{{"result", {{"capacity", capacity}, {"inUse", 0}, {"reason", reason}}}}.dump());
}

void CapacityAgent::set_answer(const std::string& line) {
  const std::scoped_lock lock(mutex_);
  line_ = line;
}

void CapacityAgent::serve() {
  std::array<pollfd, 2> ready{{{fd_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  while (::poll(ready.data(), ready.size(), -1) > 0 && ready[1].revents == 0) {
    const base::UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    std::string question;
    char c = 0;
    while (::read(peer.get(), &c, 1) == 1 && c != '\n') {
      question += c;
    }
    EXPECT_EQ(json::parse(question, nullptr, false).value("duty", ""), "eni.capacity");
    const std::scoped_lock lock(mutex_);
    const std::string answer = line_ + "\n";
    (void)!::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    ++asked_;
  }
}

}  // namespace catena::test
