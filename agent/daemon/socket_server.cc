#include "agent/daemon/socket_server.h"

#include <cerrno>
#include <cstdlib>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "agent/daemon/unix_socket.h"
#include "agent/wire.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

constexpr int kBacklog = 512;  // a node's pods may all ask at once
// An agent that is being replaced needs about as long to end.
constexpr std::chrono::seconds kPatience{5};

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool is_root(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

}  // namespace

std::string socket_path() {
  const char* given = std::getenv("CATENA_SOCKET");
  return given == nullptr || *given == '\0' ? "/run/catena/agent.sock" : given;
}

base::Result<std::unique_ptr<SocketServer>> SocketServer::open(const std::string& path, Loop& loop,
                                                               Desk& desk, base::Log& log) {
  TRY(base::make_directories(directory_of(path)));
  base::FileLock lock = TRY(base::FileLock::acquire(path + ".lock", base::Deadline(kPatience))
                                .context("only one agent can serve " + path));
  // Whoever made the socket that is there is gone: we have the lock.
  base::UniqueFd fd = TRY(listen_at(path, kBacklog));
  std::unique_ptr<SocketServer> server(new SocketServer(path, std::move(lock), loop, desk, log));
  SocketServer* const self = server.get();
  server->listener_ = std::make_unique<Listener>(
      loop, std::move(fd), [self](base::UniqueFd peer) { self->accept(std::move(peer)); });
  TRY(server->listener_->open());
  return server;
}

SocketServer::~SocketServer() {
  if (listener_ != nullptr) {
    ::unlink(path_.c_str());
  }
}

void SocketServer::accept(base::UniqueFd fd) {
  if (!is_root(fd.get())) {
    log_.warning("the socket refused a peer that is not root");
    const std::string line =
        to_line(Error(ErrorKind::kBadEnvironment, "only root may ask the agent")) + "\n";
    ::send(fd.get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  const std::uint64_t number = ++last_number_;
  Peer& peer = peers_[number];
  peer.stream = std::make_unique<Stream>(loop_, std::move(fd), kMostRequest);
  const base::Status opened =
      peer.stream->open([this, number] { on_input(number); },
                        [this, number] { loop_.post([this, number] { peers_.erase(number); }); });
  if (!opened.ok()) {
    peers_.erase(number);
  }
}

void SocketServer::on_input(std::uint64_t number) {
  const auto found = peers_.find(number);
  if (found == peers_.end() || found->second.asked) {
    return;  // a request that came early waits until the one before it has its answer
  }
  Stream& stream = *found->second.stream;
  const std::size_t end = stream.input().find('\n');
  if (end == std::string::npos) {
    if (stream.input_full()) {
      stream.send(
          to_line(Error(ErrorKind::kUndecodable,
                        "the request is longer than " + std::to_string(kMostRequest) + " bytes")) +
          "\n");
    }
    if (stream.input_full() || stream.input_ended()) {
      stream.close_when_sent();
    }
    return;
  }
  const std::string line = stream.input().substr(0, end);
  stream.input().erase(0, end + 1);
  found->second.asked = true;
  const base::Result<WireRequest> request = parse_request(line);
  if (!request.ok()) {
    loop_.post([this, number, error = request.error()] { answer(number, error); });
    return;
  }
  desk_.ask({.duty = request->duty, .args = request->args, .budget = request->deadline},
            [this, number](const Desk::Answer& given) { answer(number, given); });
}

void SocketServer::answer(std::uint64_t number, const Desk::Answer& answer) {
  const auto found = peers_.find(number);
  if (found == peers_.end()) {
    return;  // it did not wait for the answer
  }
  found->second.asked = false;
  found->second.stream->send(to_line(answer) + "\n");
  on_input(number);
}

}  // namespace catena::agent
