#include "common/enilink/monitor.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <set>
#include <string>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <utility>

#include "common/enilink/loss.h"
#include "common/enilink/pace.h"
#include "common/netlink/watch.h"

namespace catena::enilink {
namespace {

using base::Error;
using base::Result;
using base::Status;
using base::UniqueFd;
using netlink::Heard;
using netlink::open_watch;
using netlink::read_watch;

Status add_to(const UniqueFd& epoll, const UniqueFd& fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    return Error::from_errno(errno, "wait for changes of the node's network");
  }
  return {};
}

// Starts it, once.
Status start_timer(const UniqueFd& timer, std::chrono::milliseconds from_now) {
  itimerspec when{};
  when.it_value.tv_nsec = std::chrono::nanoseconds(from_now).count();
  if (::timerfd_settime(timer.get(), 0, &when, nullptr) != 0) {
    return Error::from_errno(errno, "start a timer");
  }
  return {};
}

// Whether it has run out since it was asked last.
bool ran_out(const UniqueFd& timer) {
  std::uint64_t times = 0;
  return ::read(timer.get(), &times, sizeof times) == ssize_t{sizeof times};
}

}  // namespace

struct Monitor::Parts {
  Wanted wanted;
  More more;
  netlink::Socket routes;
  std::optional<firewall::Table> firewall;
  UniqueFd route_watch;
  UniqueFd firewall_watch;
  UniqueFd put_off;  // a timer, for what has to wait
  UniqueFd epoll;
  Known known{};
  MendingPace pace{};
  // Failures of the last comparison, which are not told again as long as they last.
  std::set<std::string> told{};

  Kernel kernel() { return {&routes, firewall ? &*firewall : nullptr}; }
  Result<bool> may_be_loss();
  Result<Repair> repair();
  Result<Repair> repair_enis();
  void keep_new(Repair& repair);
};

// Reads all that came.
Result<bool> Monitor::Parts::may_be_loss() {
  bool suspicious = false;
  const Heard of_routes = TRY(read_watch(route_watch.get(), [&](const nlmsghdr* message) {
    suspicious = suspicious || may_be_route_loss(message, known, routes);
  }));
  if (!firewall_watch.valid()) {
    return suspicious || of_routes == Heard::kNotEverything;
  }
  const Heard of_firewall = TRY(read_watch(firewall_watch.get(), [&](const nlmsghdr* message) {
    suspicious = suspicious || may_be_firewall_loss(message);
  }));
  return suspicious || of_routes == Heard::kNotEverything || of_firewall == Heard::kNotEverything;
}

Result<Repair> Monitor::Parts::repair_enis() {
  const Result<State> state = wanted();
  if (!state.ok()) {
    return Repair{.lost = {}, .failed = {Error(state.error()).context("what should be there")}};
  }
  Repair repair = TRY(repair_all(kernel(), *state));
  known = TRY(known_of(*state, routes));
  return repair;
}

Result<Repair> Monitor::Parts::repair() {
  Repair repair = TRY(repair_enis());
  Result<Repair> rest = more ? more(kernel()) : Repair{};
  if (!rest.ok()) {
    repair.failed.push_back(std::move(rest).error());
    return repair;
  }
  std::ranges::move(rest->lost, std::back_inserter(repair.lost));
  std::ranges::move(rest->failed, std::back_inserter(repair.failed));
  return repair;
}

void Monitor::Parts::keep_new(Repair& repair) {
  std::set<std::string> now;
  std::ranges::for_each(repair.failed, [&now](const Error& one) { now.insert(one.message()); });
  std::erase_if(repair.failed,
                [this](const Error& error) { return told.contains(error.message()); });
  told = std::move(now);
}

Result<Monitor> Monitor::open(Wanted wanted, More more) {
  netlink::Socket routes = TRY(netlink::Socket::open());
  auto parts = std::make_unique<Parts>(
      Parts{std::move(wanted), std::move(more), std::move(routes), std::nullopt, {}, {}, {}, {}});
  Result<firewall::Table> table = firewall::Table::open();
  if (table.ok()) {
    parts->firewall = std::move(table).value();
  } else if (!table.error().is(base::ErrorKind::kUnsupported)) {
    return std::move(table).error();
  }
  parts->route_watch = TRY(open_watch(
      NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                      RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE}));
  parts->epoll.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!parts->epoll.valid()) {
    return Error::from_errno(errno, "wait for changes of the node's network");
  }
  parts->put_off.reset(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!parts->put_off.valid()) {
    return Error::from_errno(errno, "make a timer");
  }
  TRY(add_to(parts->epoll, parts->route_watch));
  TRY(add_to(parts->epoll, parts->put_off));
  if (parts->firewall) {
    parts->firewall_watch = TRY(open_watch(NETLINK_NETFILTER, {kFirewallGroup}));
    TRY(add_to(parts->epoll, parts->firewall_watch));
  }
  return Monitor(std::move(parts));
}

Monitor::Monitor(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::~Monitor() = default;

int Monitor::fd() const { return parts_->epoll.get(); }

Result<Repair> Monitor::step() {
  const bool was_put_off = ran_out(parts_->put_off);
  if (!TRY(parts_->may_be_loss()) && !was_put_off) {
    return Repair{};
  }
  if (!parts_->pace.may_go(std::chrono::steady_clock::now())) {
    TRY(start_timer(parts_->put_off, MendingPace::wait()));
    return Repair{};
  }
  Result<Repair> done = repair();
  if (done.ok() && !done->lost.empty()) {
    parts_->pace.count();
  }
  return done;
}

Result<Repair> Monitor::repair() {
  Result<Repair> repair = parts_->repair();
  if (repair.ok()) {
    parts_->keep_new(*repair);
  }
  return repair;
}

}  // namespace catena::enilink
