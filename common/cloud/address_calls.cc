// Addresses and prefixes of an ENI.
#include <nlohmann/json.hpp>

#include "common/cloud/call_options.h"
#include "common/cloud/ecs.h"
#include "common/cloud/eni_answer.h"
#include "common/cloud/paging.h"

namespace catena::cloud {
namespace {

using base::Result;
using base::Status;
using nlohmann::json;

// What IPv4 and IPv6 call the same things.
struct Names {
  std::string_view assign;
  std::string_view unassign;
  std::string_view address;
  std::string_view address_count;
  std::string_view prefix;
  std::string_view prefix_count;
};
constexpr Names kIpv4{"AssignPrivateIpAddresses",
                      "UnassignPrivateIpAddresses",
                      "PrivateIpAddress",
                      "SecondaryPrivateIpAddressCount",
                      "Ipv4Prefix",
                      "Ipv4PrefixCount"};
constexpr Names kIpv6{"AssignIpv6Addresses", "UnassignIpv6Addresses",
                      "Ipv6Address",         "Ipv6AddressCount",
                      "Ipv6Prefix",          "Ipv6PrefixCount"};

Result<json> assign(Client& client, const Names& names, const AssignAddresses& wanted,
                    const CallOptions& options) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", wanted.eni_id);
  add_list(params, names.address, texts_of(wanted.addresses));
  add_count(params, names.address_count, wanted.address_count);
  add_list(params, names.prefix, texts_of(wanted.prefixes));
  add_count(params, names.prefix_count, wanted.prefix_count);
  return client.call(Product::kEcs, names.assign, params, with_token(client, options));
}

// Addresses and prefixes as parameters: unassigning splits them.
struct Parts {
  std::vector<std::string> addresses;
  std::vector<std::string> prefixes;

  std::size_t size() const { return addresses.size() + prefixes.size(); }
};

std::pair<Parts, Parts> halves_of(const Parts& parts) {
  const auto split = [](const std::vector<std::string>& all) {
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>((all.size() + 1) / 2);
    return std::pair(std::vector(all.begin(), middle), std::vector(middle, all.end()));
  };
  if (parts.addresses.size() + parts.prefixes.size() == 2 && parts.addresses.size() == 1) {
    return {Parts{parts.addresses, {}}, Parts{{}, parts.prefixes}};
  }
  const auto addresses = split(parts.addresses);
  const auto prefixes = split(parts.prefixes);
  return {Parts{addresses.first, prefixes.first}, Parts{addresses.second, prefixes.second}};
}

Status unassign(Client& client, const Names& names, const std::string& eni_id, const Parts& parts,
                const SharedBudget& budget) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", eni_id);
  add_list(params, names.address, parts.addresses);
  add_list(params, names.prefix, parts.prefixes);
  const CallOptions rest = TRY(budget.rest(names.unassign));
  const auto answer = client.call(Product::kEcs, names.unassign, params, rest);
  if (answer.ok()) {
    return {};
  }
  // One address that is not the ENI's fails the whole call, and the others stay.
  if (answer.error().code() == "InvalidIp.IpUnassigned" && parts.size() > 1) {
    const auto [first, second] = halves_of(parts);
    TRY(unassign(client, names, eni_id, first, budget));
    return unassign(client, names, eni_id, second, budget);
  }
  return gone_is_success(answer.error());
}

Status unassign_all(Client& client, const Names& names, const UnassignAddresses& what,
                    const CallOptions& options) {
  const Parts parts{texts_of(what.addresses), texts_of(what.prefixes)};
  if (parts.size() == 0) {
    return {};
  }
  const SharedBudget budget(client.pace(), without_token(options));
  return unassign(client, names, what.eni_id, parts, budget);
}

}  // namespace

Result<AssignedAddresses> assign_private_ip_addresses(Client& client, const AssignAddresses& wanted,
                                                      const CallOptions& options) {
  const json answer = TRY(assign(client, kIpv4, wanted, options));
  Complaint complaint(kIpv4.assign);
  const Reader set = Reader(answer, complaint).object("AssignedPrivateIpAddressesSet");
  AssignedAddresses assigned;
  assigned.addresses = set.addresses("PrivateIpSet", "PrivateIpAddress", "PrivateIpAddress");
  assigned.prefixes = set.prefixes("Ipv4PrefixSet", "Ipv4Prefixes", "Ipv4Prefix");
  TRY(complaint.to_status());
  return assigned;
}

Result<AssignedAddresses> assign_ipv6_addresses(Client& client, const AssignAddresses& wanted,
                                                const CallOptions& options) {
  const json answer = TRY(assign(client, kIpv6, wanted, options));
  Complaint complaint(kIpv6.assign);
  const Reader reader(answer, complaint);
  AssignedAddresses assigned;
  assigned.addresses = reader.addresses("Ipv6Sets", "Ipv6Address", "Ipv6Address");
  assigned.prefixes = reader.prefixes("Ipv6PrefixSets", "Ipv6Prefix", "Ipv6Prefix");
  TRY(complaint.to_status());
  return assigned;
}

Status unassign_private_ip_addresses(Client& client, const UnassignAddresses& what,
                                     const CallOptions& options) {
  return unassign_all(client, kIpv4, what, options);
}

Status unassign_ipv6_addresses(Client& client, const UnassignAddresses& what,
                               const CallOptions& options) {
  return unassign_all(client, kIpv6, what, options);
}

}  // namespace catena::cloud
