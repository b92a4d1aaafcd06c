// What needs the cloud, each as a function that the one-shot call and the daemon run alike.
// docs/agent.md says what each does. All are safe to be killed at any point: recover() goes on.
// Errors carry the cloud's code, and kTryAgain where the same call may succeed later.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/duty.h"
#include "agent/intents.h"

namespace catena::agent {

// The instance, its limits, ENIs and addresses, the vSwitches ENIs may come from, and what the
// store says. Changes nothing.
base::Result<nlohmann::json> describe(Duty& duty);

struct GrowRequest {
  std::string eni;  // gets the addresses; empty: a new ENI
  // Addresses wanted; of a new ENI beside its primary one.
  int ipv4 = 0;
  int ipv6 = 0;
  // Blocks in the place of single addresses of the same family.
  int ipv4_prefixes = 0;
  int ipv6_prefixes = 0;
  // A new ENI gets fewer addresses where no vSwitch has as many.
  bool or_fewer = false;
  std::string mode = "shared";  // of a new ENI; or "exclusive"
  std::string purpose;          // for people: what it is for
};
// kTryAgain with a cloud's code, or none of our limits: nothing is sent that must be refused.
base::Result<Grown> grow(Duty& duty, const GrowRequest& request);

// What is sent at once: the account's limits of a call.
inline constexpr int kIpv4PerCall = 49;
inline constexpr int kIpv6PerCall = 10;
inline constexpr int kPrefixesPerCall = 10;

// Whether it is known that the instance can have so many ENIs more (PoolView::new_enis).
enum class Room { kUnknown, kCounted };
// Several new ENIs, side by side; as grow() for each, in the order of `requests`.
std::vector<base::Result<Grown>> grow_enis(Duty& duty, const std::vector<GrowRequest>& requests,
                                           Room room);
// As grow(), for one who knows what the ENI has and that it can take more. What came before an
// error is in `added` too.
base::Status assign(Duty& duty, const GrowRequest& request, std::vector<base::IpAddress>& added);

struct ReleaseRequest {
  std::string eni;
  // Single addresses, and blocks; both empty: the whole ENI.
  std::vector<base::IpAddress> addresses;
  std::vector<base::Prefix> prefixes;
  // kTryAgain, and nothing is done, unless each address is free and has cooled.
  bool only_free = false;
};
// kTryAgain when a pod holds one of the addresses.
base::Status release(Duty& duty, const ReleaseRequest& request);

struct Recovered {
  std::vector<std::string> done;  // one line each
  std::vector<base::Error> left;  // what could not be brought to an end now
};
enum class Scope { kAll, kEnis };  // kEnis: route entries are left to another
// Carries the intents of killed and failed calls to an end, brings the store to say what the cloud
// says of each ENI, and adopts or deletes ENIs of ours that nobody remembers. An error only where
// the store can't be read.
base::Result<Recovered> recover(Duty& duty, Scope scope = Scope::kAll);

struct RouteRequest {
  base::Prefix cidr;
  std::string table;  // empty: the VPC's only one
};
base::Result<ipam::Route> ensure_route(Duty& duty, const RouteRequest& request);
// Success when there is no such entry, or it leads elsewhere.
base::Status remove_route(Duty& duty, const RouteRequest& request);

// Carries one intent of an earlier call to its end; says what that was.
base::Result<std::string> finish(Duty& duty, const ipam::Intent& intent);

}  // namespace catena::agent
