#include "agent/policy/connections.h"

#include "common/firewall/connections.h"

namespace catena::agent {

void forget_connections_of(const std::vector<base::IpAddress>& addresses,
                           std::vector<std::string>& notices) {
  if (const base::Status forgotten = firewall::forget_connections(addresses); !forgotten.ok()) {
    notices.push_back("flows of an earlier pod may live on: " + forgotten.error().text());
  }
}

}  // namespace catena::agent
