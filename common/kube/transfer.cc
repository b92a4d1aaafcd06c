#include "common/kube/transfer.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;
using std::chrono::milliseconds;

constexpr int kMostEvents = 16;

base::UniqueFd make_timer() {
  return base::UniqueFd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
}

// Negative: never.
void arm(int timer, milliseconds from_now) {
  itimerspec when{};
  if (from_now.count() >= 0) {
    when.it_value.tv_sec = from_now.count() / 1000;
    // At once is a nanosecond: zero would disarm it (timerfd_settime(2)).
    when.it_value.tv_nsec = from_now.count() == 0 ? 1 : from_now.count() % 1000 * 1'000'000;
  }
  ::timerfd_settime(timer, 0, &when, nullptr);
}

bool has_expired(int timer) {
  std::uint64_t times = 0;
  return ::read(timer, &times, sizeof times) == sizeof times;
}

bool watch_for_reading(int epoll, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  return ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

base::Result<std::unique_ptr<Transfer>> Transfer::create() {
  std::unique_ptr<Transfer> transfer(new Transfer());
  TRY(transfer->open());
  return transfer;
}

Status Transfer::open() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = make_timer();
  alarm_ = make_timer();
  if (!epoll_.valid() || !timer_.valid() || !alarm_.valid() ||
      !watch_for_reading(epoll_.get(), timer_.get()) ||
      !watch_for_reading(epoll_.get(), alarm_.get())) {
    return Error::from_errno(errno, "make descriptors for a watch");
  }
  multi_.reset(::curl_multi_init());
  if (multi_ == nullptr) {
    return Error(ErrorKind::kInternal, "libcurl does not start");
  }
  ::curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, on_socket);
  ::curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this);
  ::curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, on_timer);
  ::curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this);
  ::curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 1L);
  return {};
}

Transfer::~Transfer() { stop(); }

Status Transfer::start(CURL* easy) {
  stop();
  if (const CURLMcode code = ::curl_multi_add_handle(multi_.get(), easy); code != CURLM_OK) {
    return Error(ErrorKind::kInternal,
                 std::string("start a request: ") + ::curl_multi_strerror(code));
  }
  easy_ = easy;
  return {};
}

void Transfer::stop() {
  if (easy_ != nullptr) {
    ::curl_multi_remove_handle(multi_.get(), easy_);
    easy_ = nullptr;
  }
}

void Transfer::set_alarm(milliseconds from_now) { arm(alarm_.get(), from_now); }

int Transfer::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* user,
                        void* /*known*/) {
  const auto* transfer = static_cast<Transfer*>(user);
  epoll_event event{};
  event.data.fd = socket;
  event.events =
      ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  if (what == CURL_POLL_REMOVE) {
    ::epoll_ctl(transfer->fd(), EPOLL_CTL_DEL, socket, nullptr);
  } else if (::epoll_ctl(transfer->fd(), EPOLL_CTL_MOD, socket, &event) != 0) {
    ::epoll_ctl(transfer->fd(), EPOLL_CTL_ADD, socket, &event);
  }
  return 0;
}

int Transfer::on_timer(CURLM* /*multi*/, long timeout_ms, void* user) {
  arm(static_cast<Transfer*>(user)->timer_.get(), milliseconds(timeout_ms));
  return 0;
}

void Transfer::act(int fd, unsigned events) {
  int mask = 0;
  mask |= (events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0;
  mask |= (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
  mask |= (events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0;
  int running = 0;
  ::curl_multi_socket_action(multi_.get(), fd, mask, &running);
}

Transfer::Progress Transfer::step() {
  Progress progress;
  std::array<epoll_event, kMostEvents> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), kMostEvents, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<std::size_t>(i));
    if (event.data.fd == alarm_.get()) {
      progress.alarm = has_expired(alarm_.get());
    } else if (event.data.fd != timer_.get()) {
      act(event.data.fd, event.events);
    } else if (has_expired(timer_.get())) {
      act(CURL_SOCKET_TIMEOUT, 0);
    }
  }
  int left = 0;
  while (const CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg == CURLMSG_DONE && message->easy_handle == easy_) {
      progress.done = message->data.result;
    }
  }
  if (progress.done.has_value()) {
    stop();
  }
  return progress;
}

}  // namespace catena::kube
