// A gRPC server on a unix socket: methods that answer at once, and such whose answers go on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/daemon/loop.h"
#include "agent/daemon/stream.h"
#include "agent/devices/grpc.h"
#include "common/base/result.h"

namespace catena::devices {

struct Answer {
  GrpcCode code = GrpcCode::kOk;
  std::string text;         // the message; of a failed call why it failed
  bool stays_open = false;  // more messages follow, by GrpcServer::send_to_open()
};
// Called with the request's message, from within the connection: nothing is sent there.
using Method = std::function<Answer(std::string_view request)>;
using Methods = std::map<std::string, Method, std::less<>>;  // "/v1beta1.DevicePlugin/Allocate"

// Of the loop's thread. Removes its socket at its end.
class GrpcServer {
 public:
  // `path` is replaced. `loop` must outlive the server; `closed` is called from it when a call that
  // stayed open has ended.
  static base::Result<std::unique_ptr<GrpcServer>> open(const std::string& path, agent::Loop& loop,
                                                        Methods methods,
                                                        agent::Loop::Action closed);
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  GrpcServer(GrpcServer&&) = delete;
  GrpcServer& operator=(GrpcServer&&) = delete;
  ~GrpcServer();

  // Whether the socket's path still leads here.
  bool is_reachable() const;
  // In every call that stays open.
  void send_to_open(std::string_view message);
  std::size_t open_calls() const;

 private:
  class Connection;

  GrpcServer(std::string path, agent::Loop& loop, Methods methods, agent::Loop::Action closed);
  void accept(base::UniqueFd fd);

  std::string path_;
  std::uint64_t inode_ = 0;  // of the socket's path
  agent::Loop& loop_;
  Methods methods_;
  agent::Loop::Action closed_;
  std::unique_ptr<agent::Listener> listener_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t last_number_ = 0;
  // Actions handed to the loop hold it weakly: they may come after the server's end.
  std::shared_ptr<GrpcServer*> self_;
};

}  // namespace catena::devices
