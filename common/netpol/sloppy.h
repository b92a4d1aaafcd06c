// Addresses as the API server has taken them in its older days. Internal to this folder.
#pragma once

#include <string_view>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::netpol {

// Leading zeros are decimal, and an IPv4-mapped IPv6 address is the IPv4 address. kUndecodable
// otherwise.
base::Result<base::IpAddress> sloppy_address(std::string_view text);
// As that, with a length; host bits are cleared.
base::Result<base::Prefix> sloppy_network(std::string_view text);

}  // namespace catena::netpol
