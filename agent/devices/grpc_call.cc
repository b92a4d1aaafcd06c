#include "agent/devices/grpc_call.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/daemon/unix_socket.h"
#include "agent/devices/grpc.h"
#include "agent/devices/http2.h"

namespace catena::devices {

using base::Error;
using base::ErrorKind;
using base::Result;

class GrpcCall::Exchange final : public Http2Listener,
                                 public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(CallTarget target, std::string_view message, agent::Loop& loop, Done done)
      : target_(std::move(target)), output_(frame(message)), loop_(loop), done_(std::move(done)) {}

  base::Status begin(agent::Loop::Millis patience) {
    http2_.emplace(loop_, TRY(agent::connect_to(target_.socket)), Side::kClient, *this);
    TRY(http2_->open([this] { end(Error(ErrorKind::kTryAgain, "the connection ended")); }));
    const std::array headers{
        header_of(":method", "POST"),       header_of(":scheme", "http"),
        header_of(":path", target_.method), header_of(":authority", "localhost"),
        header_of("te", "trailers"),        header_of("content-type", "application/grpc"),
    };
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = read_output;
    if (::nghttp2_submit_request(http2_->session(), nullptr, headers.data(), headers.size(),
                                 &provider, nullptr) < 0) {
      return Error(ErrorKind::kTryAgain, "submit a request: no memory");
    }
    http2_->flush();
    timer_ =
        loop_.after(patience, [this] { end(Error(ErrorKind::kTryAgain, "no answer in time")); });
    return {};
  }

  void give_up() {
    done_ = nullptr;
    loop_.cancel(timer_);
    http2_.reset();
  }

  void on_header(std::int32_t /*id*/, std::string_view name, std::string_view value) override {
    if (name == "grpc-status") {
      status_ = value;
    } else if (name == "grpc-message") {
      reason_ = from_header(value);
    } else if (name == ":status") {
      http_status_ = value;
    }
  }

  void on_data(std::int32_t /*id*/, std::string_view data) override {
    input_ += data.substr(0, kMostMessage - std::min(input_.size(), kMostMessage));
  }

  void on_end(std::int32_t /*id*/) override {}
  void on_closed(std::int32_t /*id*/) override { end(result()); }

 private:
  Result<std::string> result() const {
    if (status_ != "0") {
      return Error(ErrorKind::kInternal,
                   status_.empty() ? "no gRPC answer (HTTP status " + http_status_ + ")"
                                   : "refused: " + reason_ + " (gRPC status " + status_ + ")");
    }
    const std::string_view message = TRY(unframe(input_));
    return std::string(message);
  }

  // The first one counts. The connection ends in another turn of the loop: this may be its call.
  void end(Result<std::string> answer) {
    if (!done_ || ended_) {
      return;
    }
    ended_ = true;
    loop_.cancel(timer_);
    loop_.post([self = shared_from_this(),
                given = std::make_shared<Result<std::string>>(std::move(answer))] {
      self->http2_.reset();
      if (const Done done = std::exchange(self->done_, nullptr)) {
        done(std::move(*given).context(self->target_.method));
      }
    });
  }

  static ssize_t read_output(nghttp2_session* /*session*/, std::int32_t /*id*/,
                             std::uint8_t* buffer, std::size_t size, std::uint32_t* flags,
                             nghttp2_data_source* source, void* /*user*/) {
    std::string& output = static_cast<Exchange*>(source->ptr)->output_;
    const std::size_t count = std::min(size, output.size());
    std::copy_n(output.begin(), count, buffer);
    output.erase(0, count);
    if (output.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(count);
  }

  CallTarget target_;
  std::string output_;
  agent::Loop& loop_;
  Done done_;
  bool ended_ = false;
  agent::Loop::TimerId timer_ = 0;
  std::string http_status_;
  std::string status_;
  std::string reason_;
  std::string input_;
  std::optional<Http2> http2_;
};

Result<std::unique_ptr<GrpcCall>> GrpcCall::start(const CallTarget& target,
                                                  const std::string& message,
                                                  agent::Loop::Millis patience, agent::Loop& loop,
                                                  Done done) {
  auto exchange = std::make_shared<Exchange>(target, message, loop, std::move(done));
  std::unique_ptr<GrpcCall> call(new GrpcCall(exchange));
  TRY(exchange->begin(patience).context(target.method));
  return call;
}

GrpcCall::~GrpcCall() { exchange_->give_up(); }

}  // namespace catena::devices
