// Sending nfnetlink messages and hearing what the kernel says to them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/firewall/attributes.h"

struct nl_sock;
struct nlmsghdr;

namespace catena::firewall {

// Appends one message (nlmsghdr, nfgenmsg, attributes) of nf_tables' subsystem and the inet family;
// returns its sequence number, by which answers are known.
std::uint32_t append_message(nl_sock* socket, std::string& out, std::uint8_t type,
                             std::uint16_t flags, const Attributes& attributes);
// NFNL_MSG_BATCH_BEGIN or NFNL_MSG_BATCH_END.
std::uint32_t append_batch_mark(nl_sock* socket, std::string& out, std::uint16_t type,
                                const Attributes& attributes);

enum class Heard {
  kEverything,
  kNotEverything,  // the receive buffer was full: answers were dropped
};

// Sends `messages` in one sendmsg(2) and hands every answer to `listener`. nfnetlink answers before
// the sending returns, so there is nothing to wait for.
base::Result<Heard> converse(nl_sock* socket, const std::string& messages, const std::string& what,
                             const std::function<void(nlmsghdr*)>& listener);

// What the kernel refused, and why.
struct Refusal {
  std::uint32_t sequence = 0;
  int sys_errno = 0;
  std::string text;  // extended ack; may be empty

  // "`what`: <text of errno> (<text>)".
  base::Error error(const std::string& what) const;
};

// Nothing where the message is an answer of another kind or an acknowledgement.
std::optional<Refusal> refusal_in(nlmsghdr* message);

}  // namespace catena::firewall
