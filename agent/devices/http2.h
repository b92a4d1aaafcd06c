// One HTTP/2 connection (libnghttp2) of the event loop.
#pragma once

#include <memory>
#include <nghttp2/nghttp2.h>
#include <string_view>

#include "agent/daemon/loop.h"
#include "agent/daemon/stream.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::devices {

enum class Side { kClient, kServer };

// What nghttp2 tells of a connection, from within come_in(). Ids are those of HTTP/2's streams.
// Requests may be submitted from there; nothing may be sent or destroyed.
class Http2Listener {
 public:
  Http2Listener() = default;
  Http2Listener(const Http2Listener&) = delete;
  Http2Listener& operator=(const Http2Listener&) = delete;
  Http2Listener(Http2Listener&&) = delete;
  Http2Listener& operator=(Http2Listener&&) = delete;
  virtual ~Http2Listener() = default;

  virtual void on_header(std::int32_t id, std::string_view name, std::string_view value) = 0;
  virtual void on_data(std::int32_t id, std::string_view data) = 0;
  // The peer sends no more of it.
  virtual void on_end(std::int32_t id) = 0;
  virtual void on_closed(std::int32_t id) = 0;
};

class Http2 {
 public:
  // `loop` and `listener` must outlive it. `fd` is a non-blocking stream socket.
  Http2(agent::Loop& loop, base::UniqueFd fd, Side side, Http2Listener& listener);

  // Begins to talk. `closed` is called once, when the connection has ended; destroying this waits
  // for another turn of the loop then.
  base::Status open(agent::Loop::Action closed);
  nghttp2_session* session() const { return session_.get(); }
  // Sends what was submitted. Not from within the listener's calls.
  void flush();

 private:
  struct DeleteSession {
    void operator()(nghttp2_session* session) const { ::nghttp2_session_del(session); }
  };
  void come_in();

  Side side_;
  Http2Listener& listener_;
  std::unique_ptr<nghttp2_session, DeleteSession> session_;
  agent::Stream stream_;
};

// A header for nghttp2, which copies it when it is submitted.
nghttp2_nv header_of(std::string_view name, std::string_view value);

}  // namespace catena::devices
