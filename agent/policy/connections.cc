#include "agent/policy/connections.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>
#include <thread>

#include "common/base/clock.h"
#include "common/firewall/connections.h"
#include "common/ipam/store.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using base::IpAddress;
using base::Status;

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPause{200};

void tell(const Status& done, std::vector<std::string>& notices) {
  if (!done.ok()) {
    notices.push_back("flows of an earlier pod may live on: " + done.error().text());
  }
}

Status forget_in_time(const std::vector<IpAddress>& addresses) {
  const base::Deadline deadline(kPatience);
  Status done = firewall::forget_connections(addresses);
  while (!done.ok() && !done.error().is(ErrorKind::kUnsupported) && !deadline.passed()) {
    std::this_thread::sleep_for(kPause);
    done = firewall::forget_connections(addresses);
  }
  return done;
}

}  // namespace

void forget_connections_of(const std::vector<IpAddress>& addresses,
                           std::vector<std::string>& notices) {
  tell(firewall::forget_connections(addresses), notices);
}

void forget_inherited(const netpol::Records& records, const netpol::Record& added,
                      const std::vector<IpAddress>& taken, std::vector<std::string>& notices) {
  std::vector<IpAddress> addresses = records.left_among(added.addresses);
  std::ranges::copy_if(taken, std::back_inserter(addresses), [&added](const IpAddress& address) {
    return std::ranges::find(added.addresses, address) != added.addresses.end();
  });
  if (!addresses.empty()) {
    forget_connections_of(addresses, notices);
    tell(records.settle(addresses), notices);
  }
}

void forget_left(const netpol::Records& records, std::vector<IpAddress> more,
                 std::vector<std::string>& notices) {
  const auto left = records.left();
  if (!left.ok()) {
    notices.push_back(left.error().text());
    return;
  }
  std::ranges::copy(*left, std::back_inserter(more));
  if (more.empty()) {
    return;
  }
  // What a pod has by now it made its own when it was added.
  std::set<IpAddress> had;
  if (const auto pods = records.list(notices); pods.ok()) {
    for (const netpol::Record& pod : *pods) {
      had.insert(pod.addresses.begin(), pod.addresses.end());
    }
  }
  std::erase_if(more, [&had](const IpAddress& address) { return had.contains(address); });
  std::ranges::sort(more);
  more.erase(std::unique(more.begin(), more.end()), more.end());
  tell(forget_in_time(more), notices);
  tell(records.settle(*left), notices);
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
