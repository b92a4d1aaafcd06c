// A socket for what the tests tell nf_tables beside the Table.
#pragma once

#include <linux/netlink.h>
#include <memory>
#include <sys/socket.h>

#include <gtest/gtest.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/table.h"

namespace catena::firewall::test {

using NetfilterSocket = std::unique_ptr<nl_sock, CloseSocket>;

// In the calling thread's namespace.
inline NetfilterSocket open_netfilter_socket() {
  NetfilterSocket socket(nl_socket_alloc());
  EXPECT_EQ(nl_connect(socket.get(), NETLINK_NETFILTER), 0);
  const int on = 1;
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    EXPECT_EQ(::setsockopt(nl_socket_get_fd(socket.get()), SOL_NETLINK, option, &on, sizeof(on)),
              0);
  }
  return socket;
}

}  // namespace catena::firewall::test
