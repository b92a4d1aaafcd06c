// Addresses of a link.
#pragma once

#include "common/base/ip.h"
#include "common/netlink/link.h"
#include "common/netlink/request.h"

namespace catena::netlink {

// How far an IPv4 or IPv6 address is known (rtm_scope): one of narrower scope than global is not
// chosen as a source for what leaves by other links.
enum class AddressScope : unsigned char {
  kGlobal = 0,  // RT_SCOPE_UNIVERSE
  kLink = 253,  // RT_SCOPE_LINK
  kHost = 254,  // RT_SCOPE_HOST
};

// IPv6 addresses are added without duplicate address detection (IFA_F_NODAD): the store has
// decided; they can be a source at once, and packets to them are taken a moment later, when the
// kernel's work queue has added their local route.
Request add_address(const Link& link, const base::Prefix& address,
                    AddressScope scope = AddressScope::kGlobal);
Request delete_address(const Link& link, const base::Prefix& address);

}  // namespace catena::netlink
