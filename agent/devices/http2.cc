#include "agent/devices/http2.h"

#include <array>
#include <cstdint>
#include <utility>

namespace catena::devices {
namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kMostInput = std::size_t{64} << 10U;  // bytes read at a time
constexpr std::uint32_t kMostStreams = 100;

struct DeleteCallbacks {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    ::nghttp2_session_callbacks_del(callbacks);
  }
};
struct DeleteOption {
  void operator()(nghttp2_option* option) const { ::nghttp2_option_del(option); }
};
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, DeleteCallbacks>;
using Option = std::unique_ptr<nghttp2_option, DeleteOption>;

Http2Listener& listener_of(void* user) { return *static_cast<Http2Listener*>(user); }

std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

int on_header(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t /*flags*/, void* user) {
  listener_of(user).on_header(frame->hd.stream_id, text_of(name, name_size),
                              text_of(value, value_size));
  return 0;
}

int on_data(nghttp2_session* /*session*/, std::uint8_t /*flags*/, std::int32_t id,
            const std::uint8_t* data, std::size_t size, void* user) {
  listener_of(user).on_data(id, text_of(data, size));
  return 0;
}

int on_frame(nghttp2_session* /*session*/, const nghttp2_frame* frame, void* user) {
  const bool is_message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (is_message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
    listener_of(user).on_end(frame->hd.stream_id);
  }
  return 0;
}

int on_closed(nghttp2_session* /*session*/, std::int32_t id, std::uint32_t /*code*/, void* user) {
  listener_of(user).on_closed(id);
  return 0;
}

nghttp2_session* make_session(Side side, Http2Listener& listener) {
  nghttp2_session_callbacks* raw_callbacks = nullptr;
  nghttp2_option* raw_option = nullptr;
  if (::nghttp2_session_callbacks_new(&raw_callbacks) != 0) {
    return nullptr;
  }
  const Callbacks callbacks(raw_callbacks);
  if (::nghttp2_option_new(&raw_option) != 0) {
    return nullptr;
  }
  const Option option(raw_option);
  ::nghttp2_session_callbacks_set_on_header_callback(raw_callbacks, on_header);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw_callbacks, on_data);
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(raw_callbacks, on_frame);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(raw_callbacks, on_closed);
  // Older kubelets put the socket's path where HTTP wants a host's name.
  ::nghttp2_option_set_no_http_messaging(raw_option, 1);
  nghttp2_session* session = nullptr;
  const int made =
      side == Side::kServer
          ? ::nghttp2_session_server_new2(&session, raw_callbacks, &listener, raw_option)
          : ::nghttp2_session_client_new2(&session, raw_callbacks, &listener, raw_option);
  return made == 0 ? session : nullptr;
}

}  // namespace

Http2::Http2(agent::Loop& loop, base::UniqueFd fd, Side side, Http2Listener& listener)
    : side_(side), listener_(listener), stream_(loop, std::move(fd), kMostInput) {}

base::Status Http2::open(agent::Loop::Action closed) {
  session_.reset(make_session(side_, listener_));
  if (session_ == nullptr) {
    return Error(ErrorKind::kTryAgain, "make an HTTP/2 session: no memory");
  }
  const std::array<nghttp2_settings_entry, 1> settings{
      {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMostStreams}}};
  ::nghttp2_submit_settings(session_.get(), NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  TRY(stream_.open([this] { come_in(); }, std::move(closed)));
  flush();
  return {};
}

void Http2::come_in() {
  const std::string came = std::exchange(stream_.input(), std::string());
  const ssize_t taken = ::nghttp2_session_mem_recv(
      session_.get(), reinterpret_cast<const std::uint8_t*>(came.data()), came.size());
  flush();
  if (taken < 0 || stream_.input_ended()) {
    stream_.close_when_sent();
  }
}

void Http2::flush() {
  const std::uint8_t* data = nullptr;
  ssize_t size = 0;
  while ((size = ::nghttp2_session_mem_send(session_.get(), &data)) > 0) {
    stream_.send(text_of(data, static_cast<std::size_t>(size)));
  }
  const bool over = ::nghttp2_session_want_read(session_.get()) == 0 &&
                    ::nghttp2_session_want_write(session_.get()) == 0;
  if (size < 0 || over) {
    stream_.close_when_sent();
  }
}

nghttp2_nv header_of(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    // nghttp2 does not write to it.
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace catena::devices
