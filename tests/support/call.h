// Connections made to see who arrives where, through whatever translates addresses in between.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/ip.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

// What a listener at `server` saw of a connection from `client` to `target`, which some DNAT leads
// there; nothing when no data came through in both directions.
struct Call {
  const ScratchNetNs& client;
  base::IpAddress target;
  std::uint16_t port;
  const ScratchNetNs& server;
  base::IpAddress server_address;
  std::uint16_t server_port;
};
std::optional<base::IpAddress> caller_seen(const Call& call, bool is_expected = true);

}  // namespace catena::test
