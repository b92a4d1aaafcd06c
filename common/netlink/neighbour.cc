#include "common/netlink/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"

namespace catena::netlink {
namespace {

std::optional<Neighbour> read_neighbour(const nlmsghdr* message, int if_index) {
  const auto* header = header_of<ndmsg>(message);
  if (header == nullptr || header->ndm_ifindex != if_index ||
      (header->ndm_state & NUD_NOARP) != 0) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  const std::optional<base::IpAddress> address = attributes.address(NDA_DST);
  const std::optional<base::Mac> mac = attributes.mac(NDA_LLADDR);
  if (!address || !mac) {
    return std::nullopt;
  }
  return Neighbour{.address = *address,
                   .mac = *mac,
                   .if_index = header->ndm_ifindex,
                   .permanent = (header->ndm_state & NUD_PERMANENT) != 0};
}

}  // namespace

Request add_permanent_neighbour(const Link& link, const base::IpAddress& address,
                                const base::Mac& mac) {
  ndmsg header{};
  header.ndm_family = address_family(address.family());
  header.ndm_ifindex = link.index;
  header.ndm_state = NUD_PERMANENT;
  MessageBuilder builder(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  builder.put_address(NDA_DST, address);
  builder.put_mac(NDA_LLADDR, mac);
  builder.put_u8(NDA_PROTOCOL, kProtocol);
  return std::move(builder).finish("add neighbour " + address.to_string() + " lladdr " +
                                   mac.to_string() + " dev " + link.name);
}

base::Result<std::vector<Neighbour>> Socket::list_neighbours(const Link& link) {
  MessageBuilder builder(RTM_GETNEIGH, NLM_F_DUMP, ndmsg{});
  builder.put_u32(NDA_IFINDEX, static_cast<std::uint32_t>(link.index));
  const Request request = std::move(builder).finish("list neighbours of " + link.name);
  std::vector<Neighbour> neighbours;
  const std::vector<Answer> answers = TRY(ask(request));
  for (const Answer& answer : answers) {
    if (std::optional<Neighbour> neighbour = read_neighbour(as_message(answer), link.index)) {
      neighbours.push_back(*neighbour);
    }
  }
  return neighbours;
}

}  // namespace catena::netlink
