#include "common/base/syslog.h"

#include <array>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace catena::base {
namespace {

// Plays syslogd.
class Listener {
 public:
  explicit Listener(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }

  // Empty where nothing came.
  std::string line() const {
    std::array<char, 1000> text{};
    const ssize_t size = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  UniqueFd fd_;
};

TEST(Syslog, IsToldPriorityProgramAndLine) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  const Listener syslogd(path);
  const std::string us = "catena-test[" + std::to_string(::getpid()) + "]: ";
  send_to_syslog(path, LOG_INFO, "catena-test", "ADD done");
  send_to_syslog(path, LOG_ERR, "catena-test", "no address left");
  EXPECT_EQ(syslogd.line(), "<30>" + us + "ADD done");
  EXPECT_EQ(syslogd.line(), "<27>" + us + "no address left");
  EXPECT_EQ(syslogd.line(), "");
}

TEST(Syslog, ThatIsAwayIsNoFailureAndFoundWhenItIsBack) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  send_to_syslog(path, LOG_INFO, "catena-test", "nobody hears it");
  { const Listener before(path); }
  send_to_syslog(path, LOG_INFO, "catena-test", "nobody hears it");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  const Listener syslogd(path);
  send_to_syslog(path, LOG_INFO, "catena-test", "back");
  EXPECT_THAT(syslogd.line(), testing::EndsWith(": back"));
}

}  // namespace
}  // namespace catena::base
