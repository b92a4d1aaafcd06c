// One connection of the loop: what came, and what is to be sent, without waiting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "agent/daemon/loop.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

class Stream {
 public:
  // `loop` must outlive it. `fd` is a non-blocking stream socket; input beyond `most` bytes that
  // nobody takes is not read.
  Stream(Loop& loop, base::UniqueFd fd, std::size_t most)
      : loop_(loop), fd_(std::move(fd)), most_(most) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  Stream(Stream&&) = delete;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  // `came` is called when there is more input or it is at its end, `closed` once, when nothing can
  // be sent any more. Neither may destroy the
  // stream at once: Loop::post() does it later.
  base::Status open(Loop::Action came, Loop::Action closed);

  std::string& input() { return input_; }
  bool input_full() const { return input_.size() >= most_; }
  bool input_ended() const { return ended_; }

  void send(std::string_view data);
  // What was sent goes out first.
  void close_when_sent();

 private:
  void on_ready();
  void read();
  void flush();
  void close();
  void set_events();

  Loop& loop_;
  base::UniqueFd fd_;
  std::size_t most_;
  std::string input_;
  std::string output_;
  Loop::Action came_;
  Loop::Action closed_;
  bool ended_ = false;
  bool closing_ = false;
  std::uint32_t events_ = 0;  // that are waited for
};

// Connections of one listening socket.
class Listener {
 public:
  using Accepted = std::function<void(base::UniqueFd)>;

  Listener(Loop& loop, base::UniqueFd fd, Accepted accepted)
      : loop_(loop), fd_(std::move(fd)), accepted_(std::move(accepted)) {}
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&&) = delete;
  Listener& operator=(Listener&&) = delete;
  ~Listener() { loop_.forget(fd_.get()); }

  base::Status open();
  int fd() const { return fd_.get(); }

 private:
  void accept_all();

  Loop& loop_;
  base::UniqueFd fd_;
  Accepted accepted_;
};

}  // namespace catena::agent
