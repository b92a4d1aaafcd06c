// The calls of VPC (2016-04-28) that Catena makes. Errors as in ecs.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cloud/client.h"

namespace catena::cloud {

struct VSwitch {
  std::string id;
  std::string vpc_id;
  std::string zone_id;
  std::string name;
  std::string status;  // Pending, Available
  std::optional<base::Prefix> cidr;
  std::optional<base::Prefix> ipv6_cidr;
  std::int64_t available_ips = 0;  // follows changes with a delay
  std::string route_table_id;
  std::vector<Tag> tags;
};

// At least one of vpc_id and vswitch_ids, or nothing: all of the region.
struct VSwitchFilter {
  std::string vpc_id;
  std::vector<std::string> vswitch_ids;  // one call each
  std::string zone_id;
  std::vector<Tag> tags;
};
// All pages. An id of `vswitch_ids` that does not exist is just missing.
base::Result<std::vector<VSwitch>> describe_vswitches(Client& client, const VSwitchFilter& filter,
                                                      const CallOptions& options = {});

struct Vpc {
  std::string id;
  std::string name;
  std::string status;
  std::string region_id;
  std::vector<base::Prefix> cidrs;  // the first is the VPC's own, then secondary and user ones
  std::vector<base::Prefix> ipv6_cidrs;
  std::string vrouter_id;
  std::vector<std::string> route_table_ids;
  std::vector<std::string> vswitch_ids;
  std::vector<Tag> tags;
};
// All pages; all VPCs of the region where `vpc_ids` is empty, else asked for in parts of 20.
base::Result<std::vector<Vpc>> describe_vpcs(Client& client,
                                             const std::vector<std::string>& vpc_ids,
                                             const CallOptions& options = {});

struct NextHop {
  std::string type;  // Instance, NetworkInterface, HaVip, ...; "local" of system routes
  std::string id;
  bool operator==(const NextHop&) const = default;
};

struct CreateRouteEntry {
  std::string route_table_id;
  base::Prefix destination;
  NextHop next_hop;  // type empty: Instance
  std::string name;  // 1 to 128 characters
  std::string description;
};
// The entry's id. Asynchronous: Pending, then Available; one at a time per VPC (class kState while
// another is made). A destination that is in the table: Reaction::kAdoptOrReplace.
base::Result<std::string> create_route_entry(Client& client, const CreateRouteEntry& wanted,
                                             const CallOptions& options = {});

// Either the id, or table, destination and next hop.
struct DeleteRouteEntry {
  std::string entry_id;
  std::string route_table_id;
  base::Prefix destination;
  std::string next_hop_id;
};
// Asynchronous: Deleting, then gone. Success when it does not exist.
base::Status delete_route_entry(Client& client, const DeleteRouteEntry& what,
                                const CallOptions& options = {});

struct RouteEntry {
  std::string id;
  std::string route_table_id;
  base::Prefix destination;
  std::string status;  // Pending, Available, Modifying, Deleting
  std::string type;    // System, Custom, BGP, CEN, ECR
  std::string name;
  std::string description;
  std::vector<NextHop> next_hops;  // several: ECMP
};

// Beside the table, conditions that all must hold; empty: none.
struct RouteEntryFilter {
  std::string route_table_id;
  std::string entry_id;
  std::optional<base::Prefix> destination;
  std::string type;
  std::string next_hop_type;
  std::string next_hop_id;
  std::optional<base::Family> family;
};
// All pages; a listing whose page token went stale is begun anew.
base::Result<std::vector<RouteEntry>> describe_route_entry_list(Client& client,
                                                                const RouteEntryFilter& filter,
                                                                const CallOptions& options = {});

struct RouteTable {
  std::string id;
  std::string vpc_id;
  std::string vrouter_id;
  std::string name;
  std::string type;  // System, Custom
  std::string status;
  std::vector<std::string> vswitch_ids;
};
// All pages.
base::Result<std::vector<RouteTable>> describe_route_table_list(Client& client,
                                                                const std::string& vpc_id,
                                                                const CallOptions& options = {});

}  // namespace catena::cloud
