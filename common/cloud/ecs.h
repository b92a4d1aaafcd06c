// The calls of ECS (2014-05-26) that Catena makes. Ids and states as the vendor names them.
// All errors are those of Client::call; an answer of another shape than promised has the code
// Response.Garbage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cloud/client.h"

namespace catena::cloud {

enum class EniStatus {
  kCreating,
  kAvailable,
  kAttaching,
  kInUse,
  kDetaching,
  kDeleting,
  kCreateFailed,
  kOther,  // one that is not ours to know; wait for another
};
std::string_view name_of(EniStatus status);

enum class EniType { kPrimary, kSecondary, kTrunk, kMember, kOther };
std::string_view name_of(EniType type);

struct PrivateIp {
  base::IpAddress address;
  bool primary = false;
  bool operator==(const PrivateIp&) const = default;
};

struct NetworkInterface {
  std::string id;
  EniStatus status = EniStatus::kOther;
  EniType type = EniType::kOther;
  base::Mac mac;                              // zero where the answer has none
  std::optional<base::IpAddress> primary_ip;  // also among private_ips
  std::vector<PrivateIp> private_ips;
  std::vector<base::IpAddress> ipv6s;
  std::vector<base::Prefix> ipv4_prefixes;
  std::vector<base::Prefix> ipv6_prefixes;
  std::string instance_id;  // empty while not attached
  std::string vpc_id;
  std::string vswitch_id;
  std::string zone_id;
  std::vector<std::string> security_group_ids;
  std::string name;
  std::string description;
  std::vector<Tag> tags;
  std::string creation_time;  // "2019-12-25T12:31:31Z"; empty in the answer to Create
  std::string owner_id;
  std::string resource_group_id;
  std::string traffic_mode;                  // Standard, HighPerformance
  std::string trunk_id;                      // of a member: its trunk ENI
  std::vector<std::string> member_ids;       // of a trunk; DescribeNetworkInterfaceAttribute alone
  std::optional<std::int64_t> device_index;  // order of attaching, not the kernel's ifindex
  std::optional<std::int64_t> network_card_index;
  std::optional<std::int64_t> queue_number;
  std::optional<bool> delete_on_release;
  std::optional<bool> source_dest_check;
  bool service_managed = false;  // another cloud product's: never touched
};

struct CreateNetworkInterface {
  std::string vswitch_id;
  std::vector<std::string> security_group_ids;  // 1 to 5 (16 with quota)
  std::string name;                             // 2 to 128 characters
  std::string description;                      // 2 to 256 characters
  std::vector<Tag> tags;                        // at most 20
  std::optional<base::IpAddress> primary_ip;
  // Beside the primary. Either addresses (at most 10) or a count (at most 49); not together with
  // prefixes.
  std::vector<base::IpAddress> private_ips;
  int secondary_ip_count = 0;
  std::vector<base::IpAddress> ipv6s;  // or a count; at most 10
  int ipv6_count = 0;
  std::vector<base::Prefix> ipv4_prefixes;  // or a count; at most 10
  int ipv4_prefix_count = 0;
  std::vector<base::Prefix> ipv6_prefixes;  // or a count; at most 10
  int ipv6_prefix_count = 0;
  EniType type = EniType::kSecondary;  // or kTrunk
  std::optional<int> queue_number;
  std::optional<bool> delete_on_release;
  std::optional<bool> source_dest_check;
  std::string traffic_mode;
  std::string resource_group_id;
};
// Synchronous: the ENI is there, kAvailable.
base::Result<NetworkInterface> create_network_interface(Client& client,
                                                        const CreateNetworkInterface& wanted,
                                                        const CallOptions& options = {});

struct AttachNetworkInterface {
  std::string eni_id;
  std::string instance_id;
  std::optional<int> network_card_index;  // attach only, instance types with several cards
  std::string trunk_id;                   // of a member ENI: the instance's trunk ENI
};
// Asynchronous: kAttaching, then kInUse; a failure falls back to kAvailable without a word.
base::Status attach_network_interface(Client& client, const AttachNetworkInterface& what,
                                      const CallOptions& options = {});
// Asynchronous: kDetaching, then kAvailable. Success when ENI or instance does not exist or the ENI
// is not this instance's.
base::Status detach_network_interface(Client& client, const AttachNetworkInterface& what,
                                      const CallOptions& options = {});
// Asynchronous: kDeleting, then no longer listed. Success when it does not exist.
base::Status delete_network_interface(Client& client, const std::string& eni_id,
                                      const CallOptions& options = {});

// Conditions that all must hold; empty: none.
struct NetworkInterfaceFilter {
  std::vector<std::string> eni_ids;  // asked for in parts of 100
  std::string vpc_id;
  std::string vswitch_id;
  std::string instance_id;
  std::string security_group_id;
  std::optional<EniStatus> status;
  std::optional<EniType> type;
  std::vector<base::IpAddress> private_ips;  // at most 100; not without vpc_id
  std::vector<base::IpAddress> ipv6s;        // at most 100
  std::string name;
  std::vector<Tag> tags;  // at most 20; an empty value: any
};
// All pages. An id that does not exist is just missing, and what rights do not cover may be missing
// too: absence here is no proof of deletion.
base::Result<std::vector<NetworkInterface>> describe_network_interfaces(
    Client& client, const NetworkInterfaceFilter& filter, const CallOptions& options = {});

// kNotFound where the ENI does not exist. Has a higher rate limit than the list.
base::Result<NetworkInterface> describe_network_interface_attribute(
    Client& client, const std::string& eni_id, const CallOptions& options = {});

// What is absent or empty stays as it is.
struct ModifyNetworkInterface {
  std::string eni_id;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::vector<std::string> security_group_ids;  // replace the whole set
  std::optional<int> queue_number;
  std::optional<bool> delete_on_release;
  std::optional<bool> source_dest_check;
};
base::Status modify_network_interface_attribute(Client& client, const ModifyNetworkInterface& what,
                                                const CallOptions& options = {});

// One of the four: addresses, a count of addresses, prefixes (at most 10), a count of prefixes (at
// most 10). IPv4 prefixes are /28, IPv6 ones /80.
struct AssignAddresses {
  std::string eni_id;
  std::vector<base::IpAddress> addresses;
  int address_count = 0;
  std::vector<base::Prefix> prefixes;
  int prefix_count = 0;
};
// The new ones only.
struct AssignedAddresses {
  std::vector<base::IpAddress> addresses;
  std::vector<base::Prefix> prefixes;
};
base::Result<AssignedAddresses> assign_private_ip_addresses(Client& client,
                                                            const AssignAddresses& wanted,
                                                            const CallOptions& options = {});
// At most 10. Both lists are empty where an old API answers with a RequestId alone.
base::Result<AssignedAddresses> assign_ipv6_addresses(Client& client, const AssignAddresses& wanted,
                                                      const CallOptions& options = {});

struct UnassignAddresses {
  std::string eni_id;
  std::vector<base::IpAddress> addresses;
  std::vector<base::Prefix> prefixes;
};
// Success when the ENI does not exist or has none of them. The cloud answers the same for an ENI's
// primary address, which stays. One foreign address in a list fails the call: kReadState.
base::Status unassign_private_ip_addresses(Client& client, const UnassignAddresses& what,
                                           const CallOptions& options = {});
// At most 10 of a kind.
base::Status unassign_ipv6_addresses(Client& client, const UnassignAddresses& what,
                                     const CallOptions& options = {});

struct InstanceEni {
  std::string id;
  EniType type = EniType::kOther;
  base::Mac mac;
  std::optional<base::IpAddress> primary_ip;
};

struct InstanceInfo {
  std::string id;
  std::string name;
  std::string host_name;
  std::string type;    // "ecs.g7.xlarge"
  std::string status;  // Pending, Starting, Running, Stopping, Stopped
  std::string region_id;
  std::string zone_id;
  std::string vpc_id;
  std::string vswitch_id;
  std::vector<base::IpAddress> private_ips;
  std::vector<std::string> security_group_ids;
  std::vector<InstanceEni> enis;  // DescribeInstances alone
  std::vector<Tag> tags;          // DescribeInstances alone
  std::optional<bool> jumbo_frames;
};

struct InstanceFilter {
  std::vector<std::string> instance_ids;  // asked for in parts of 100
  std::string vpc_id;
  std::string vswitch_id;
  std::string status;
  std::vector<Tag> tags;
};
// All pages; an id that does not exist, or is not covered by the rights, is just missing.
base::Result<std::vector<InstanceInfo>> describe_instances(Client& client,
                                                           const InstanceFilter& filter,
                                                           const CallOptions& options = {});
// kNotFound where the instance does not exist.
base::Result<InstanceInfo> describe_instance_attribute(Client& client,
                                                       const std::string& instance_id,
                                                       const CallOptions& options = {});

struct InstanceType {
  std::string id;              // "ecs.g7.xlarge"
  std::string family;          // "ecs.g7"
  int eni_quantity = 0;        // with the primary ENI
  int eni_total_quantity = 0;  // with the members of a trunk
  int ipv4_per_eni = 0;        // with the ENI's primary address
  int ipv6_per_eni = 0;
  bool trunk_supported = false;
  bool jumbo_frames = false;
  int network_cards = 1;
  std::int64_t bandwidth_rx = 0;  // kbit/s
  std::int64_t bandwidth_tx = 0;
  int secondary_eni_queues = 0;
};
// All types, or those named (asked for in parts of 10). A type that does not exist is an error or
// missing.
base::Result<std::vector<InstanceType>> describe_instance_types(
    Client& client, const std::vector<std::string>& types, const CallOptions& options = {});

}  // namespace catena::cloud
