#include "sim/program/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace catena::sim {
namespace {

constexpr int kBacklog = 256;
constexpr std::chrono::seconds kIdle{75};  // then a connection is closed

base::UniqueFd stream_socket(int family) {
  return base::UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// The other side sees a reset, as of a machine that knows nothing of the connection.
void reset_connection(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

cloud::HttpResponse plain(int status) {
  cloud::HttpResponse response;
  response.status = status;
  response.body = std::to_string(status) + "\n";
  return response;
}

}  // namespace

base::Result<base::UniqueFd> listen_tcp(const base::IpAddress& address, std::uint16_t port) {
  const std::string what = "listen on " + address.to_string() + ":" + std::to_string(port);
  base::UniqueFd fd = stream_socket(address.is_v4() ? AF_INET : AF_INET6);
  if (!fd.valid()) {
    return base::Error::from_errno(errno, what);
  }
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (address.is_v4()) {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    std::memcpy(&v4->sin_addr, address.data(), address.size());
    size = sizeof *v4;
  } else {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    std::memcpy(&v6->sin6_addr, address.data(), address.size());
    size = sizeof *v6;
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    return base::Error::from_errno(errno, what);
  }
  return fd;
}

base::Result<base::UniqueFd> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "listen on " + path + ": the path is too long for a socket")
        .advice("give a shorter --state");
  }
  path.copy(&address.sun_path[0], path.size());
  base::UniqueFd fd = stream_socket(AF_UNIX);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return base::Error::from_errno(errno, "remove " + path);
  }
  if (!fd.valid() ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0600) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return base::Error::from_errno(errno, "listen on " + path);
  }
  return fd;
}

base::Result<std::uint16_t> port_of(const base::UniqueFd& listening) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return base::Error::from_errno(errno, "getsockname");
  }
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

base::Result<HttpServer> HttpServer::create() {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return base::Error::from_errno(errno, "epoll_create1");
  }
  return HttpServer(std::move(epoll));
}

base::Status HttpServer::add_to_epoll(int fd, std::uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return base::Error::from_errno(errno, "epoll_ctl");
  }
  return {};
}

base::Result<int> HttpServer::serve(base::UniqueFd listening, Handler handler) {
  const int number = listening.get();
  TRY(add_to_epoll(number, EPOLLIN));
  listeners_.emplace(number, Listener{std::move(listening), std::move(handler)});
  return number;
}

base::Status HttpServer::watch(int fd, std::function<void()> react) {
  TRY(add_to_epoll(fd, EPOLLIN));
  watched_[fd] = std::move(react);
  return {};
}

void HttpServer::accept_all(int listener_fd) {
  for (;;) {
    base::UniqueFd fd(::accept4(listener_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    // Edge-triggered: what is readable or writable is used up each time.
    if (!fd.valid() || !add_to_epoll(fd.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET).ok()) {
      return;
    }
    const int number = fd.get();
    Connection& made = connections_[number];
    made.fd = std::move(fd);
    made.listener = listener_fd;
    made.last_used = Clock::now();
  }
}

void HttpServer::receive(Connection& connection) {
  std::array<char, 65536> buffer;  // NOLINT(*-member-init): recv fills it
  for (;;) {
    const ssize_t got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      connection.in.append(buffer.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && errno == EINTR) {
      continue;
    }
    connection.ended = got == 0 || errno != EAGAIN;
    return;
  }
}

bool HttpServer::take_request(Connection& connection) {
  Parsed parsed = parse_request(connection.in);
  if (parsed.state == Parsed::State::kIncomplete) {
    if (parsed.expects_continue && !connection.continued) {
      connection.continued = true;
      connection.out += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    return true;
  }
  connection.busy = true;
  connection.continued = false;
  if (parsed.state == Parsed::State::kRefused) {
    connection.in.clear();
    connection.keep_alive = false;
    connection.answer = Answer{};
    connection.answer.response = plain(parsed.status);
    return give_answer(connection);
  }
  connection.in.erase(0, parsed.size);
  connection.keep_alive = parsed.received.keep_alive;
  connection.without_body = parsed.received.request.method == "HEAD";
  connection.answer = listeners_.at(connection.listener).handler(parsed.received);
  if (connection.answer.delay.count() > 0) {
    connection.due = Clock::now() + connection.answer.delay;
    return true;
  }
  return give_answer(connection);
}

bool HttpServer::give_answer(Connection& connection) {
  const Answer& answer = connection.answer;
  connection.busy = false;
  connection.due.reset();
  connection.last_used = Clock::now();
  switch (answer.fate) {
    case Answer::Fate::kWhole:
      break;
    case Answer::Fate::kLost:
      return false;
    case Answer::Fate::kRefused:
      reset_connection(connection.fd.get());
      return false;
    case Answer::Fate::kCut: {
      const std::string wire = render_response(answer.response, false, false);
      connection.out += wire.substr(0, wire.size() - (answer.response.body.size() + 1) / 2);
      connection.close = true;
      return true;
    }
  }
  connection.out +=
      render_response(answer.response, connection.keep_alive, connection.without_body);
  connection.close = !connection.keep_alive;
  return true;
}

bool HttpServer::flush(Connection& connection) {
  while (!connection.out.empty()) {
    const ssize_t sent =
        ::send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) {
      continue;
    }
    if (sent < 0) {
      return errno == EAGAIN;
    }
    connection.out.erase(0, static_cast<std::size_t>(sent));
  }
  return !connection.close && (!connection.ended || connection.busy);
}

// As far as input and the socket allow.
bool HttpServer::proceed(Connection& connection) {
  for (;;) {
    const std::size_t before = connection.in.size();
    if (!connection.busy && !connection.close && !take_request(connection)) {
      return false;
    }
    if (!flush(connection)) {
      return false;
    }
    if (connection.in.empty() || connection.in.size() == before) {
      return true;
    }
  }
}

void HttpServer::on_ready(int fd, std::uint32_t events) {
  if (listeners_.contains(fd)) {
    accept_all(fd);
    return;
  }
  if (const auto react = watched_.find(fd); react != watched_.end()) {
    react->second();
    return;
  }
  const auto found = connections_.find(fd);
  if (found == connections_.end()) {
    return;
  }
  Connection& connection = found->second;
  connection.last_used = Clock::now();
  receive(connection);
  // A client that has shut its side down may still wait for its answer.
  if ((events & EPOLLERR) != 0 || !proceed(connection)) {
    connections_.erase(fd);
  }
}

void HttpServer::give_due_answers() {
  std::vector<int> ended;
  for (auto& [fd, connection] : connections_) {
    if (connection.due && *connection.due <= Clock::now() &&
        (!give_answer(connection) || !proceed(connection))) {
      ended.push_back(fd);
    }
  }
  for (const int fd : ended) {
    connections_.erase(fd);
  }
}

void HttpServer::drop_idle() {
  std::erase_if(connections_, [](const auto& entry) {
    return !entry.second.busy && entry.second.last_used + kIdle < Clock::now();
  });
}

void HttpServer::drop_stopped() {
  for (const int number : std::exchange(stopped_, {})) {
    std::erase_if(connections_,
                  [number](const auto& entry) { return entry.second.listener == number; });
    listeners_.erase(number);
  }
}

std::chrono::milliseconds HttpServer::until_next(std::chrono::milliseconds longest) const {
  for (const auto& [fd, connection] : connections_) {
    if (connection.due) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*connection.due - Clock::now());
      longest = std::max(std::chrono::milliseconds(0), std::min(longest, left));
    }
  }
  return longest;
}

base::Status HttpServer::run_once(std::chrono::milliseconds longest) {
  std::array<epoll_event, 64> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(until_next(longest).count()));
  if (count < 0 && errno != EINTR) {
    return base::Error::from_errno(errno, "epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    on_ready(event.data.fd, event.events);
  }
  give_due_answers();
  drop_idle();
  drop_stopped();
  return {};
}

}  // namespace catena::sim
