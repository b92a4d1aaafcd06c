// What a node has of the cloud, and what it is about to ask of it: ENIs, route entries, intents.
// Kept in the store beside the addresses (docs/store.md), in the same transactions.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"

namespace catena::ipam {

enum class EniState {
  kCreated,    // exists, not yet known to be attached
  kInUse,      // attached
  kReleasing,  // an intent detaches and deletes it
  kUnknown,    // a state of another release
};
const char* name_of(EniState state);

struct Eni {
  std::string id;  // "eni-..."
  base::Mac mac;
  std::string vswitch;
  base::IpAddress address;  // the primary one, which is never unassigned
  base::IpAddress gateway;
  int prefix_length = 0;                    // of the vSwitch's IPv4 block
  std::optional<base::IpAddress> gateway6;  // where the vSwitch has IPv6
  std::string mode;                         // kSharedMode or kExclusiveMode
  EniState state = EniState::kCreated;
  // 1 to 254: names its table and its mark on this node. Given by the store, the lowest free one,
  // when it first learns of the ENI, and kept until it is dropped; what CloudChange says of it does
  // not count. 0: none was left.
  int slot = 0;
};
inline constexpr int kLastSlot = 254;
inline constexpr std::string_view kSharedMode = "shared";
inline constexpr std::string_view kExclusiveMode = "exclusive";
// Whether pods get addresses of it: shared, in use, and with a slot.
bool serves_pods(const Eni& eni);
// Whether a pod may get it as a whole: exclusive, and in use.
bool serves_a_pod(const Eni& eni);

// A change of the cloud that was begun and whose end is not known yet: written before the call,
// dropped once the store says what came of it. `key` is the ClientToken, or an id of our own where
// the action takes none.
struct Intent {
  std::string key;
  std::string action;  // "create-eni", ... (agent/intents.h)
  std::map<std::string, std::string> parameters;
  std::string purpose;  // for people: what it is for
  // Stamped when it is first written.
  std::chrono::system_clock::time_point since{};
};

enum class RouteState {
  kAvailable,  // the VPC's table has it
  kRemoving,   // an intent removes it
  kUnknown,    // a state of another release
};
const char* name_of(RouteState state);

// The entry of a VPC's route table that leads `cidr` to this node.
struct Route {
  base::Prefix cidr;
  std::string table;     // "vtb-..."
  std::string entry;     // "rte-..."
  std::string next_hop;  // "i-..."
  RouteState state = RouteState::kAvailable;
  std::string boot;  // boot_id of the boot that made sure of it; stamped when written and empty
};

struct AddressOfEni {
  base::IpAddress address;
  std::string eni;
};

struct QuarantinedAddress {
  base::IpAddress address;
  std::string note;  // why, for people; not empty
};

// All of it happens, or nothing.
struct CloudChange {
  std::vector<Intent> put_intents;
  std::vector<Eni> put_enis;
  std::vector<Route> put_routes;
  // Become free addresses of the pool that is called like their ENI. One that has a record keeps
  // its state and owner, unless an intent had it: that one is free again.
  std::vector<AddressOfEni> put_addresses;
  // Taken out of circulation for the intent `reserved_for`. kTryAgain when a pod holds one.
  std::vector<base::IpAddress> reserve;
  // As `reserve`, but kTryAgain unless each is free and has cooled.
  std::vector<base::IpAddress> reserve_free;
  std::string reserved_for;
  // Never handed out until Store::end_quarantine, boots included. One that a pod or an intent holds
  // stays with it, noted, and is quarantined when it is freed. kNotFound for one without a record.
  std::vector<QuarantinedAddress> quarantine;
  // What is not there is dropped already. kExists for an address that a pod holds.
  std::vector<std::string> drop_intents;
  std::vector<std::string> drop_enis;
  std::vector<base::Prefix> drop_routes;
  std::vector<base::IpAddress> drop_addresses;
};

struct CloudRecords {
  std::vector<Eni> enis;        // by id
  std::vector<Intent> intents;  // oldest first
  std::vector<Route> routes;    // by cidr
};

// Owner::if_name of what an intent reserved; its container_id is the intent's key.
inline constexpr std::string_view kIntentInterface = "intent";

}  // namespace catena::ipam
