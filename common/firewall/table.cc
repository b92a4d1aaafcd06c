#include "common/firewall/table.h"

#include <cerrno>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "common/firewall/read.h"

namespace catena::firewall {
namespace {

constexpr const char* kAdvice =
    "load nf_tables, or use a kernel with CONFIG_NETFILTER_NETLINK, CONFIG_NF_TABLES and "
    "CONFIG_NF_TABLES_INET";

}  // namespace

void CloseSocket::operator()(nl_sock* socket) const { nl_socket_free(socket); }

base::Result<std::unique_ptr<nl_sock, CloseSocket>> open_socket() {
  std::unique_ptr<nl_sock, CloseSocket> socket(nl_socket_alloc());
  if (!socket) {
    return base::Error(base::ErrorKind::kTryAgain, "open a netlink socket: out of memory");
  }
  if (const int failure = nl_connect(socket.get(), NETLINK_NETFILTER); failure < 0) {
    const bool missing = failure == -NLE_PROTO_MISMATCH || failure == -NLE_AF_NOSUPPORT;
    return base::Error(missing ? base::ErrorKind::kUnsupported : base::ErrorKind::kIo,
                       std::string("open a netlink socket to netfilter: ") + nl_geterror(failure))
        .advice(kAdvice);
  }
  // Refusals say more with an extended ack, and need not repeat what they refuse.
  const int on = 1;
  for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK}) {
    if (::setsockopt(nl_socket_get_fd(socket.get()), SOL_NETLINK, option, &on, sizeof(on)) != 0) {
      return base::Error::from_errno(errno, "set up a netlink socket to netfilter");
    }
  }
  const base::Result<std::uint32_t> answer = generation(socket.get());
  if (answer.ok()) {
    return socket;
  }
  base::Error error = answer.error();
  // EINVAL: nfnetlink knows no subsystem of that number.
  if (error.sys_errno() == EINVAL || error.is(base::ErrorKind::kUnsupported)) {
    return std::move(error).as(base::ErrorKind::kUnsupported).advice(kAdvice);
  }
  return error;
}

base::Result<Table> Table::open() { return Table(TRY(open_socket())); }

base::Status enter_where_guarded(const std::vector<Entry>& entries) {
  if (entries.empty()) {
    return {};
  }
  base::Result<Table> table = Table::open();
  if (!table.ok()) {
    return table.error().is(base::ErrorKind::kUnsupported) ? base::Status()
                                                           : base::Status(table.error());
  }
  base::Status entered = table->enter(entries);
  const bool no_guard = !entered.ok() && entered.error().is(base::ErrorKind::kNotFound);
  return no_guard ? base::Status() : entered;
}

}  // namespace catena::firewall
