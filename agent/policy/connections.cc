#include "agent/policy/connections.h"

#include "common/firewall/connections.h"
#include "common/ipam/store.h"

namespace catena::agent {

void forget_connections_of(const std::vector<base::IpAddress>& addresses,
                           std::vector<std::string>& notices) {
  if (const base::Status forgotten = firewall::forget_connections(addresses); !forgotten.ok()) {
    notices.push_back("flows of an earlier pod may live on: " + forgotten.error().text());
  }
}

std::vector<base::IpAddress> addresses_without_pod(const std::string& state_dir,
                                                   std::vector<std::string>& notices) {
  std::vector<base::IpAddress> addresses;
  ipam::Store store(state_dir, {});
  const auto records = store.list();
  if (!records.ok()) {
    notices.push_back("flows of earlier pods may live on: " + records.error().text());
    return addresses;
  }
  for (const ipam::Record& record : *records) {
    if (record.state != ipam::State::kBound) {
      addresses.push_back(record.address);
    }
  }
  return addresses;
}

}  // namespace catena::agent
