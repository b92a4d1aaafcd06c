// The agent's unix socket: duties by name, one JSON line each way (agent/wire.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "agent/daemon/desk.h"
#include "agent/daemon/loop.h"
#include "agent/daemon/stream.h"
#include "common/base/file.h"
#include "common/base/log.h"

namespace catena::agent {

// CATENA_SOCKET, else /run/catena/agent.sock.
std::string socket_path();

class SocketServer {
 public:
  // Makes the directory and the socket, mode 0600. kTryAgain when another agent has it. `loop` and
  // `desk` must outlive the server.
  static base::Result<std::unique_ptr<SocketServer>> open(const std::string& path, Loop& loop,
                                                          Desk& desk, base::Log& log);
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;
  SocketServer(SocketServer&&) = delete;
  SocketServer& operator=(SocketServer&&) = delete;
  // Removes the socket: whoever asks from now on makes a one-shot call.
  ~SocketServer();

 private:
  struct Peer {
    std::unique_ptr<Stream> stream;
    bool asked = false;  // and has no answer yet
  };

  SocketServer(std::string path, base::FileLock lock, Loop& loop, Desk& desk, base::Log& log)
      : path_(std::move(path)), lock_(std::move(lock)), loop_(loop), desk_(desk), log_(log) {}
  void accept(base::UniqueFd fd);
  void on_input(std::uint64_t number);
  void answer(std::uint64_t number, const Desk::Answer& answer);

  std::string path_;
  base::FileLock lock_;
  Loop& loop_;
  Desk& desk_;
  base::Log& log_;
  std::unique_ptr<Listener> listener_;
  std::map<std::uint64_t, Peer> peers_;
  std::uint64_t last_number_ = 0;
};

}  // namespace catena::agent
