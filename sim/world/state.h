// What a world consists of. Plain data: each family of actions (enis, addresses, routes, ...) works
// on it in a file of its own.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "sim/plane.h"
#include "sim/scene.h"
#include "sim/world.h"
#include "sim/world/lagged.h"
#include "sim/world/random.h"

namespace catena::sim {

enum class EniState { kAvailable, kAttaching, kInUse, kDetaching, kDeleting };
enum class EniType { kPrimary, kSecondary, kTrunk, kMember };

struct Eni {
  std::string id;
  std::uint64_t serial = 0;  // order of creation
  EniState state = EniState::kAvailable;
  EniType type = EniType::kSecondary;
  std::string name;
  std::string description;
  base::Mac mac;
  std::string vpc;
  std::string vswitch;
  std::string zone;
  std::vector<std::string> groups;
  std::vector<base::IpAddress> ipv4;  // the primary address first
  std::vector<base::Prefix> ipv4_prefixes;
  std::vector<base::IpAddress> ipv6;
  std::vector<base::Prefix> ipv6_prefixes;
  std::string instance;  // empty: attached to nothing
  std::string trunk;     // of a member: the trunk ENI
  int device_index = 0;
  int card_index = 0;
  bool delete_on_release = false;
  bool source_check = false;
  bool service_managed = false;
  int queues = 0;
  std::string traffic_mode = "Standard";
  std::string resource_group;
  Time created;
  Tags tags;
  // Not shown by any call.
  Time busy_until;         // another call on it meanwhile is a conflict
  std::uint64_t task = 0;  // what was planned for an earlier task is void
  bool stuck = false;      // Detaching or Deleting goes on only when asked for again
  bool present = false;    // the machine has the device, running or not
  bool plugged = false;    // the data plane has it
};

using EniPtr = std::shared_ptr<const Eni>;  // null: gone

// One ENI as the outside sees it.
struct SeenEni {
  Lagged<EniPtr> api;
  Lagged<EniPtr> metadata;
};

enum class InstanceState { kStarting, kRunning, kStopping, kStopped };

struct Instance {
  std::string id;
  std::uint64_t serial_order = 0;
  InstanceState state = InstanceState::kRunning;
  std::string name;
  std::string host_name;
  InstanceType type;
  std::string zone;
  std::string vpc;
  std::string vswitch;
  std::string primary_eni;
  std::vector<std::string> groups;
  std::string role;
  std::string netns;
  std::string serial;
  bool metadata_enabled = true;
  bool metadata_tokens_required = false;
  bool jumbo = false;
  Time created;
  Tags tags;
  std::uint64_t task = 0;
};

using InstancePtr = std::shared_ptr<const Instance>;

struct VSwitch {
  std::string id;
  std::uint64_t serial = 0;
  std::string name;
  std::string vpc;
  std::string zone;
  base::Prefix cidr;
  std::optional<base::Prefix> ipv6_cidr;
  bool pending = false;
  Tags tags;
  std::vector<base::Prefix> reservations;
  // Owner by address or prefix: an ENI, or kOtherTenant.
  std::map<base::IpAddress, std::string> used;
  std::map<base::Prefix, std::string> used_prefixes;
  std::map<base::IpAddress, Time> cooling;  // until when
  Lagged<std::int64_t> available;
};

inline constexpr std::string_view kOtherTenant = "another tenant";

struct Vpc {
  std::string id;
  std::uint64_t serial = 0;
  std::string name;
  base::Prefix cidr;
  std::optional<base::Prefix> ipv6_cidr;
  std::string router;
  std::vector<std::string> tables;  // the system one first
  Time route_busy_until;
  Tags tags;
};

struct SecurityGroup {
  std::string id;
  std::string vpc;
  bool enterprise = false;
};

enum class RouteState { kPending, kAvailable, kDeleting };

struct RouteEntry {
  std::string id;
  std::uint64_t serial = 0;
  std::string table;
  base::Prefix destination;
  RouteState state = RouteState::kPending;
  bool system = false;
  bool service = false;       // the cloud's own range
  std::string next_hop;       // empty: local
  std::string next_hop_type;  // Instance, NetworkInterface, local
  std::string name;
  std::string description;
  Time modified;
};

using RoutePtr = std::shared_ptr<const RouteEntry>;

struct RouteTable {
  std::string id;
  std::uint64_t serial = 0;
  std::string vpc;
  bool system = true;
};

// A NextToken that was handed out.
struct ListingPosition {
  std::string listing;      // action and filters
  std::uint64_t after = 0;  // serial of the last row given
  Time expires;
};

// The next tasks of a kind go wrong; an empty ENI means any.
struct PlannedFault {
  std::string kind;  // attach_fails, detach_sticks, delete_sticks
  std::string eni;
  int count = 1;
};

struct State {
  explicit State(const Scene& from) : scene(from), random(from.seed), now(from.start) {}

  Scene scene;
  Random random;
  Time now;
  Plane* plane = nullptr;
  Millis answer_after{0};
  std::uint64_t last_serial = 0;
  std::uint64_t last_event = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void(State&)>> events;

  std::map<std::string, Vpc> vpcs;
  std::map<std::string, VSwitch> vswitches;
  std::map<std::string, SecurityGroup> groups;
  std::map<std::string, InstanceType> types;
  std::map<std::string, Instance> instances;
  std::map<std::string, Eni> enis;
  std::map<std::string, RouteTable> tables;
  std::map<std::string, RouteEntry> routes;

  // By serial, so that listings are in order of creation.
  std::map<std::uint64_t, SeenEni> seen_enis;
  std::map<std::uint64_t, Lagged<InstancePtr>> seen_instances;
  std::map<std::uint64_t, Lagged<RoutePtr>> seen_routes;

  std::map<std::string, ListingPosition> listings;
  std::vector<PlannedFault> planned_faults;
  std::vector<base::Error> plane_errors;

  std::uint64_t new_serial() { return ++last_serial; }
  void at(Time when, std::function<void(State&)> what) {
    events.emplace(std::make_pair(when, ++last_event), std::move(what));
  }
};

}  // namespace catena::sim
