// Asking over the agent's socket; the one-shot call is tested with the plugins that make it.
#include "common/ask/socket.h"

#include <functional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ask/one_shot.h"
#include "common/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace catena::ask {
namespace {

using base::ErrorKind;
using std::chrono::milliseconds;
using testing::HasSubstr;

// Listens at a path; does `talk` with the first caller, in a thread of its own.
class Listener {
 public:
  Listener(const std::string& path, std::function<void(int peer)> talk) {
    fd_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_.get(), 1), 0);
    thread_ = std::thread([this, talk = std::move(talk)] {
      pollfd ready{fd_.get(), POLLIN, 0};
      if (::poll(&ready, 1, 10'000) == 1) {
        const base::UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        talk(peer.get());
      }
    });
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  ~Listener() { thread_.join(); }

 private:
  base::UniqueFd fd_;
  std::thread thread_;
};

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') {
    line += c;
  }
  return line;
}

void say(int fd, const std::string& text) {
  // A caller that has gone away is part of some tests.
  (void)!::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
}

class SocketTest : public testing::Test {
 protected:
  std::string path() const { return dir_.path() + "/agent.sock"; }
  auto ask(milliseconds patience = milliseconds(5000)) const {
    return exchange(path(), "question", base::Deadline(patience));
  }
  test::TempDir dir_;
};

TEST_F(SocketTest, OneLineEachWay) {
  std::string heard;
  {
    const Listener listener(path(), [&heard](int peer) {
      heard = read_line(peer);
      say(peer, "answ");
      std::this_thread::sleep_for(milliseconds(50));
      say(peer, "er\nand more");
    });
    EXPECT_EQ(ask().value(), "answer");
  }
  EXPECT_EQ(heard, "question");
}

TEST_F(SocketTest, NobodyThereIsNoError) {
  EXPECT_FALSE(ask().value().has_value());
  const base::UniqueFd left_behind(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(left_behind.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_FALSE(ask().value().has_value()) << "a socket that nobody listens at";
}

TEST_F(SocketTest, OneWhoEndsBeforeTheAnswerIsWholeWasNeverThere) {
  {
    const Listener listener(path(), [](int peer) { say(peer, "half an ans"); });
    EXPECT_FALSE(ask().value().has_value());
  }
}

TEST_F(SocketTest, OneWhoSaysNothingIsGivenUpInTime) {
  const Listener listener(path(), [](int) { std::this_thread::sleep_for(milliseconds(600)); });
  const auto answer = ask(milliseconds(200));
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind(), ErrorKind::kTryAgain);
  EXPECT_THAT(answer.error().text(), HasSubstr("did not answer in time"));
}

TEST_F(SocketTest, AnEndlessAnswerIsRefused) {
  const Listener listener(path(), [](int peer) {
    const std::string much(std::size_t{1} << 20U, 'x');
    say(peer, much);
    say(peer, much);
  });
  const auto answer = ask();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind(), ErrorKind::kUndecodable);
}

TEST_F(SocketTest, AListenerOfAnotherUserIsNotBelieved) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root to become somebody else";
  }
  // The peer's credentials are those at listen(2).
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  const int listening = ::listen(fd.get(), 1);
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_EQ(listening, 0);
  const auto answer = ask();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind(), ErrorKind::kIo);
  EXPECT_THAT(answer.error().text(), HasSubstr("user 65534"));
}

TEST(OneShot, TheOutputOfAProgramIsItsAnswer) {
  const auto said = run_agent("/bin/sh", {"-c", "echo noise >&2; echo '{}'"}, milliseconds(10'000));
  EXPECT_EQ(said.value(), "{}\n");
}

TEST(OneShot, AFailureIsItsLastWord) {
  const auto said =
      run_agent("/bin/sh", {"-c", "echo first >&2; echo last >&2; exit 3"}, milliseconds(10'000));
  ASSERT_FALSE(said.ok());
  EXPECT_EQ(said.error().kind(), ErrorKind::kTryAgain);
  EXPECT_EQ(said.error().message(), "last");
}

TEST(OneShot, MoreOutputThanIsKeptDoesNotStopTheProgram) {
  const auto said = run_agent(
      "/bin/sh", {"-c", "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 0"},
      milliseconds(10'000));
  ASSERT_TRUE(said.ok()) << said.error().text();
  EXPECT_EQ(said->size(), 65536U);
}

}  // namespace
}  // namespace catena::ask
