#include "agent/devices/grpc_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/daemon/unix_socket.h"
#include "agent/devices/http2.h"

namespace catena::devices {
namespace {

constexpr int kBacklog = 16;
constexpr std::string_view kContentType = "application/grpc";

// 0 where there is none.
std::uint64_t inode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

// One caller and its calls.
class GrpcServer::Connection final : public Http2Listener {
 public:
  Connection(agent::Loop& loop, base::UniqueFd fd, const Methods& methods,
             agent::Loop::Action call_closed)
      : methods_(methods),
        call_closed_(std::move(call_closed)),
        http2_(loop, std::move(fd), Side::kServer, *this) {}

  base::Status open(agent::Loop::Action closed) { return http2_.open(std::move(closed)); }

  std::size_t open_calls() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls_, [](const auto& call) { return call.second.stays_open; }));
  }

  void send_to_open(std::string_view message) {
    for (auto& [id, call] : calls_) {
      if (call.stays_open) {
        call.output += frame(message);
        ::nghttp2_session_resume_data(http2_.session(), id);
      }
    }
    http2_.flush();
  }

  void on_header(std::int32_t id, std::string_view name, std::string_view value) override {
    if (name == ":path") {
      calls_[id].path = value;
    }
  }

  void on_data(std::int32_t id, std::string_view data) override {
    Call& call = calls_[id];
    if (call.input.size() + data.size() <= kMostMessage) {
      call.input += data;
    } else {
      call.too_long = true;
    }
  }

  void on_end(std::int32_t id) override {
    Call& call = calls_[id];
    const Answer answer = answer_to(call);
    if (answer.code != GrpcCode::kOk) {
      refuse(id, answer);
      return;
    }
    call.output = frame(answer.text);
    call.stays_open = answer.stays_open;
    const std::array headers{header_of(":status", "200"), header_of("content-type", kContentType)};
    nghttp2_data_provider provider{};
    provider.source.ptr = &call;  // a map's elements stay where they are
    provider.read_callback = read_output;
    ::nghttp2_submit_response(http2_.session(), id, headers.data(), headers.size(), &provider);
  }

  void on_closed(std::int32_t id) override {
    const auto found = calls_.find(id);
    if (found == calls_.end()) {
      return;
    }
    const bool stayed_open = found->second.stays_open;
    calls_.erase(found);
    if (stayed_open) {
      call_closed_();
    }
  }

 private:
  struct Call {
    std::string path;
    std::string input;
    std::string output;
    bool too_long = false;
    bool stays_open = false;
  };

  Answer answer_to(const Call& call) const {
    const auto method = methods_.find(call.path);
    if (method == methods_.end()) {
      return {.code = GrpcCode::kUnimplemented, .text = "there is no method " + call.path};
    }
    if (call.too_long) {
      return {.code = GrpcCode::kResourceExhausted,
              .text = "a request of more than " + std::to_string(kMostMessage) + " bytes"};
    }
    const auto message = unframe(call.input);
    if (!message.ok()) {
      const bool unsupported = message.error().is(base::ErrorKind::kUnsupported);
      return {.code = unsupported ? GrpcCode::kUnimplemented : GrpcCode::kInvalidArgument,
              .text = message.error().text()};
    }
    return method->second(*message);
  }

  void refuse(std::int32_t id, const Answer& answer) {
    const std::string code = std::to_string(static_cast<int>(answer.code));
    const std::string why = to_header(answer.text);
    const std::array headers{header_of(":status", "200"), header_of("content-type", kContentType),
                             header_of("grpc-status", code), header_of("grpc-message", why)};
    ::nghttp2_submit_response(http2_.session(), id, headers.data(), headers.size(), nullptr);
  }

  // nghttp2 asks for what is to be sent of a call.
  static ssize_t read_output(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer,
                             std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                             void* /*user*/) {
    Call& call = *static_cast<Call*>(source->ptr);
    const std::size_t count = std::min(size, call.output.size());
    if (count == 0 && call.stays_open) {
      return NGHTTP2_ERR_DEFERRED;
    }
    std::copy_n(call.output.begin(), count, buffer);
    call.output.erase(0, count);
    if (call.output.empty() && !call.stays_open) {
      *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::array trailers{header_of("grpc-status", "0")};
      ::nghttp2_submit_trailer(session, id, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(count);
  }

  const Methods& methods_;
  agent::Loop::Action call_closed_;
  std::map<std::int32_t, Call> calls_;
  Http2 http2_;
};

GrpcServer::GrpcServer(std::string path, agent::Loop& loop, Methods methods,
                       agent::Loop::Action closed)
    : path_(std::move(path)),
      loop_(loop),
      methods_(std::move(methods)),
      closed_(std::move(closed)),
      self_(std::make_shared<GrpcServer*>(this)) {}

base::Result<std::unique_ptr<GrpcServer>> GrpcServer::open(const std::string& path,
                                                           agent::Loop& loop, Methods methods,
                                                           agent::Loop::Action closed) {
  base::UniqueFd fd = TRY(agent::listen_at(path, kBacklog));
  std::unique_ptr<GrpcServer> server(
      new GrpcServer(path, loop, std::move(methods), std::move(closed)));
  GrpcServer* const self = server.get();
  server->inode_ = inode_of(path);
  server->listener_ = std::make_unique<agent::Listener>(
      loop, std::move(fd), [self](base::UniqueFd peer) { self->accept(std::move(peer)); });
  TRY(server->listener_->open());
  return server;
}

GrpcServer::~GrpcServer() {
  if (is_reachable()) {
    ::unlink(path_.c_str());
  }
}

bool GrpcServer::is_reachable() const { return inode_ != 0 && inode_of(path_) == inode_; }

void GrpcServer::accept(base::UniqueFd fd) {
  const std::uint64_t number = ++last_number_;
  const std::weak_ptr<GrpcServer*> weak = self_;
  const auto later = [this, weak](auto action) {
    loop_.post([weak, action] {
      if (const auto self = weak.lock()) {
        action(**self);
      }
    });
  };
  auto connection = std::make_unique<Connection>(loop_, std::move(fd), methods_, [later] {
    later([](GrpcServer& server) { server.closed_(); });
  });
  const auto opened = connection->open([later, number] {
    later([number](GrpcServer& server) {
      const auto found = server.connections_.find(number);
      const bool watched = found != server.connections_.end() && found->second->open_calls() > 0;
      server.connections_.erase(number);
      if (watched) {
        server.closed_();
      }
    });
  });
  if (opened.ok()) {
    connections_.emplace(number, std::move(connection));
  }
}

void GrpcServer::send_to_open(std::string_view message) {
  for (const auto& [number, connection] : connections_) {
    connection->send_to_open(message);
  }
}

std::size_t GrpcServer::open_calls() const {
  return std::accumulate(
      connections_.begin(), connections_.end(), std::size_t{0},
      [](std::size_t sum, const auto& one) { return sum + one.second->open_calls(); });
}

}  // namespace catena::devices
