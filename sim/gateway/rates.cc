#include "sim/gateway/rates.h"

#include <algorithm>

namespace catena::sim {
namespace {

constexpr std::int64_t kMinute = 60'000;  // ms

// As the vendor's SDKs read it: TimeLeft in ms, Reset in seconds since 1970.
std::string headroom(int limit, std::int64_t now) {
  const std::int64_t next_minute = (now / kMinute + 1) * kMinute;
  return "Limit:" + std::to_string(limit) +
         ",Remain:0,TimeLeft:" + std::to_string(next_minute - now) +
         ",Reset:" + std::to_string(next_minute / 1000);
}

}  // namespace

RateOptions RateOptions::usual() {
  RateOptions options;
  options.per_minute = {{"AttachNetworkInterface", 500},
                        {"CreateNetworkInterface", 500},
                        {"DeleteNetworkInterface", 500},
                        {"DescribeNetworkInterfaces", 800},
                        {"DescribeNetworkInterfaceAttribute", 2000},
                        {"DetachNetworkInterface", 400},
                        {"AssignPrivateIpAddresses", 400},
                        {"UnassignPrivateIpAddresses", 400},
                        {"AssignIpv6Addresses", 400},
                        {"UnassignIpv6Addresses", 400},
                        {"DescribeInstanceTypes", 400},
                        {"DescribeVSwitches", 300}};
  return options;
}

int Rates::limit_of(const std::string& action) const {
  const auto found = options.per_minute.find(action);
  return found == options.per_minute.end() ? options.other : found->second;
}

std::optional<Throttle> Rates::admit(const std::string& account, const std::string& action,
                                     Time now) {
  const std::int64_t time = now.time_since_epoch().count();
  if (time / kMinute != minute_) {
    minute_ = time / kMinute;
    counts_.clear();
    all_.clear();
  }
  std::vector<Time>& unanswered = unanswered_[account];
  std::erase_if(unanswered, [&](Time answered) { return answered <= now; });
  if (options.concurrent > 0 && unanswered.size() >= static_cast<std::size_t>(options.concurrent)) {
    return Throttle{"Throttling.ConcurrentLimitExceeded",
                    "Request was denied due to concurrent limit exceeded.", "", ""};
  }
  const int limit = limit_of(action);
  if (++counts_[{account, action}] > limit) {
    return Throttle{"Throttling.User", "Request was denied due to user flow control.",
                    "x-ratelimit-user-api", headroom(limit, time)};
  }
  if (options.all > 0 && ++all_[account] > options.all) {
    return Throttle{"Throttling", "Request was denied due to request throttling.",
                    "x-ratelimit-user", headroom(options.all, time)};
  }
  return std::nullopt;
}

}  // namespace catena::sim
