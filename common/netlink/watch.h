// Hearing of changes by netlink multicast.
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

struct nlmsghdr;

namespace catena::netlink {

// A non-blocking socket of the calling thread's namespace that hears `groups` (RTNLGRP_* or
// NFNLGRP_*) of `protocol` (NETLINK_ROUTE, NETLINK_NETFILTER).
base::Result<base::UniqueFd> open_watch(int protocol, const std::vector<unsigned>& groups);

enum class Heard {
  kEverything,
  kNotEverything,  // the receive buffer was full: what happened is not known
};

// Hands over all messages that have come by now.
base::Result<Heard> read_watch(int fd, const std::function<void(const nlmsghdr*)>& listener);

// Whether it became readable in time.
bool wait_readable(int fd, std::chrono::milliseconds patience);

}  // namespace catena::netlink
