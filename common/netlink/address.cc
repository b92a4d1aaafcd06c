#include "common/netlink/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"

namespace catena::netlink {
namespace {

ifaddrmsg header_for(const Link& link, const base::Prefix& address) {
  ifaddrmsg header{};
  header.ifa_family = address_family(address.family());
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.length());
  header.ifa_index = static_cast<std::uint32_t>(link.index);
  return header;
}

Request finish(MessageBuilder builder, const Link& link, const base::Prefix& address,
               const char* verb) {
  // IFA_ADDRESS is the address of the other side where that is another one.
  builder.put_address(IFA_LOCAL, address.address());
  builder.put_address(IFA_ADDRESS, address.address());
  return std::move(builder).finish(verb + address.to_string() + " dev " + link.name);
}

std::optional<base::Prefix> read_address(const nlmsghdr* message, int if_index) {
  const auto* header = header_of<ifaddrmsg>(message);
  if (header == nullptr || static_cast<int>(header->ifa_index) != if_index) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  std::optional<base::IpAddress> address = attributes.address(IFA_LOCAL);
  if (!address) {
    address = attributes.address(IFA_ADDRESS);
  }
  if (!address || header->ifa_prefixlen > address->bits()) {
    return std::nullopt;
  }
  return base::Prefix(*address, header->ifa_prefixlen);
}

}  // namespace

Request add_address(const Link& link, const base::Prefix& address, AddressScope scope) {
  ifaddrmsg header = header_for(link, address);
  if (!address.is_v4()) {
    header.ifa_flags = IFA_F_NODAD;
  }
  header.ifa_scope = static_cast<unsigned char>(scope);
  return finish(MessageBuilder(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header), link, address,
                "add address ");
}

Request delete_address(const Link& link, const base::Prefix& address) {
  Request request = finish(MessageBuilder(RTM_DELADDR, 0, header_for(link, address)), link, address,
                           "delete address ");
  request.ok_if_gone = true;
  return request;
}

base::Result<std::vector<base::Prefix>> Socket::list_addresses(const Link& link) {
  ifaddrmsg header{};
  header.ifa_index = static_cast<std::uint32_t>(link.index);
  const Request request =
      MessageBuilder(RTM_GETADDR, NLM_F_DUMP, header).finish("list addresses of " + link.name);
  std::vector<base::Prefix> addresses;
  const std::vector<Answer> answers = TRY(ask(request));
  for (const Answer& answer : answers) {
    if (const auto address = read_address(as_message(answer), link.index)) {
      addresses.push_back(*address);
    }
  }
  return addresses;
}

}  // namespace catena::netlink
