// Messages to and from connection tracking (ctnetlink). Internal to this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/exchange.h"
#include "common/firewall/table.h"

struct nlattr;
struct nlmsghdr;

namespace catena::firewall {

using ConntrackSocket = std::unique_ptr<nl_sock, CloseSocket>;

// Of the calling thread's namespace.
base::Result<ConntrackSocket> open_conntrack();

struct ConntrackRequest {
  std::uint16_t type;  // IPCTNL_MSG_CT_*
  std::uint16_t flags;
  base::Family family;
};
void append_request(nl_sock* socket, std::string& out, const ConntrackRequest& request,
                    const std::string& attributes);

// Sends requests that are acknowledged. The first refusal, but for what is gone already.
base::Result<std::optional<Refusal>> carry_out(nl_sock* socket, const std::string& requests);

// Null where there is none.
nlattr* attribute_in(nlmsghdr* message, int type);
nlattr* attribute_in(nlattr* nest, int type);  // null of null
// Of a tuple, which may be null.
std::optional<base::IpAddress> source_in(nlattr* tuple);
std::optional<base::IpAddress> destination_in(nlattr* tuple);

// What names a flow in a request to delete it.
std::string name_of_flow(nlmsghdr* message);
base::Status read_flows(nl_sock* socket, base::Family family,
                        const std::function<void(nlmsghdr*)>& each);
// Those that are gone do not matter.
base::Status delete_flows(nl_sock* socket, base::Family family,
                          const std::vector<std::string>& names);

}  // namespace catena::firewall
