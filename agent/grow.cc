// grow: an ENI more, or addresses on one.
#include <algorithm>

#include "agent/duties.h"
#include "agent/placement.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

Error too_many(const std::string& what, int wanted, int limit, const std::string& type) {
  return Error(ErrorKind::kTryAgain, what + ": " + std::to_string(wanted) + " wanted, " + type +
                                         " allows " + std::to_string(limit))
      .code("Catena.Limit")
      .advice("release what is idle, or take a larger instance type");
}

base::Status fits_one_eni(const GrowRequest& request, const Machine& machine, int ipv4_there,
                          int ipv6_there) {
  const cloud::InstanceType& type = machine.type;
  const int ipv4 = ipv4_there + request.ipv4 + request.ipv4_prefixes;
  if (ipv4 > type.ipv4_per_eni) {
    return too_many("IPv4 addresses of an ENI", ipv4, type.ipv4_per_eni, type.id);
  }
  const int ipv6 = ipv6_there + request.ipv6 + request.ipv6_prefixes;
  if (ipv6 > type.ipv6_per_eni) {
    return too_many("IPv6 addresses of an ENI", ipv6, type.ipv6_per_eni, type.id);
  }
  return {};
}

base::Status so_many_enis_fit(Duty& duty, const Machine& machine, int more) {
  cloud::NetworkInterfaceFilter filter;
  filter.instance_id = duty.settings().instance_id;
  const auto enis = TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
  const int there = adapters_of(enis);
  return there + more <= machine.type.eni_quantity
             ? base::Status()
             : too_many("ENIs of " + filter.instance_id, there + more, machine.type.eni_quantity,
                        machine.type.id);
}

ipam::Intent create_intent(Duty& duty, const GrowRequest& request, const Machine& machine,
                           const cloud::VSwitch& vswitch) {
  const Settings& settings = duty.settings();
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = kCreateEni;
  intent.purpose = request.purpose;
  auto& parameters = intent.parameters;
  parameters["instance"] = settings.instance_id;
  parameters["vswitch"] = vswitch.id;
  parameters["securityGroups"] = base::join(machine.security_groups, ",");
  parameters["resourceGroup"] = settings.resource_group;
  parameters["name"] = (settings.eni_name_prefix.empty() ? "catena" : settings.eni_name_prefix) +
                       "-" + settings.instance_id;
  parameters["mode"] = request.mode;
  parameters["ipv4"] = std::to_string(request.ipv4);
  parameters["ipv6"] = std::to_string(request.ipv6);
  parameters["ipv4Prefixes"] = std::to_string(request.ipv4_prefixes);
  parameters["ipv6Prefixes"] = std::to_string(request.ipv6_prefixes);
  for (const cloud::Tag& tag : settings.eni_tags) {
    parameters["tag." + tag.key] = tag.value;
  }
  parameters[std::string("tag.") + kOwnerTag] = kOwner;
  parameters[std::string("tag.") + kClusterTag] = settings.cluster;
  parameters[std::string("tag.") + kNodeTag] = settings.instance_id;
  parameters[std::string("tag.") + kModeTag] = request.mode;
  const Gateways gateways = gateways_of(vswitch);
  parameters["prefixLength"] = std::to_string(gateways.prefix_length);
  parameters["gateway"] = gateways.ipv4.to_string();
  if (gateways.ipv6.has_value()) {
    parameters["gateway6"] = gateways.ipv6->to_string();
  }
  return intent;
}

// `request` as far as `vswitch` has addresses for it.
GrowRequest as_much_as(const cloud::VSwitch& vswitch, GrowRequest request) {
  if (request.or_fewer) {
    request.ipv4 =
        static_cast<int>(std::clamp<std::int64_t>(vswitch.available_ips - 1, 0, request.ipv4));
  }
  return request;
}

// On the first vSwitch that takes it; those that have addresses enough come first. What it takes is
// counted in `all`, since the cloud shows it late.
base::Status begin_eni(Duty& duty, const GrowRequest& request, const Machine& machine,
                       std::vector<cloud::VSwitch>& all, Attachments& attachments) {
  const int needed = 1 + request.ipv4;
  std::vector<cloud::VSwitch> vswitches = TRY(choose_vswitches(
      duty, all, request.or_fewer ? 1 : needed, request.ipv6 + request.ipv6_prefixes > 0));
  std::stable_partition(vswitches.begin(), vswitches.end(), [&](const cloud::VSwitch& vswitch) {
    return vswitch.available_ips >= needed;
  });
  std::optional<Error> full;
  for (const cloud::VSwitch& vswitch : vswitches) {
    const GrowRequest fitting = as_much_as(vswitch, request);
    ipam::Intent intent = create_intent(duty, fitting, machine, vswitch);
    TRY(duty.store().change({.put_intents = {intent}}).context("write down what is begun"));
    base::Status begun = attachments.begin(std::move(intent), Begun::kNow);
    const bool refused =
        !begun.ok() && cloud::reaction_to(begun.error()) == cloud::Reaction::kOtherVSwitch;
    std::ranges::find(all, vswitch.id, &cloud::VSwitch::id)->available_ips -=
        refused ? vswitch.available_ips : 1 + fitting.ipv4;
    if (!refused) {
      return begun;
    }
    full = std::move(begun).error();
  }
  return *std::move(full);
}

// What all of `requests` need, and whether there is room for them.
struct Ground {
  Machine machine;
  std::vector<cloud::VSwitch> vswitches;
};

base::Result<Ground> ground_for(Duty& duty, const std::vector<GrowRequest>& requests, Room room) {
  Ground ground;
  ground.machine = TRY(find_machine(duty));
  for (const GrowRequest& request : requests) {
    TRY(fits_one_eni(request, ground.machine, 1, 0));
  }
  if (room == Room::kUnknown) {
    TRY(so_many_enis_fit(duty, ground.machine, static_cast<int>(requests.size())));
  }
  ground.vswitches = TRY(find_vswitches(duty));
  return ground;
}

// One call: `count` names how much of what.
base::Result<std::vector<base::IpAddress>> assign_once(Duty& duty, const GrowRequest& request,
                                                       const char* family,
                                                       const std::pair<std::string, int>& count) {
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = kAssign;
  intent.purpose = request.purpose;
  intent.parameters = {
      {"eni", request.eni}, {"family", family}, {count.first, std::to_string(count.second)}};
  TRY(duty.store().change({.put_intents = {intent}}).context("write down what is begun"));
  return TRY(finish_assign(duty, intent, Begun::kNow)).addresses;
}

base::Result<Grown> grow_addresses(Duty& duty, const GrowRequest& request) {
  const ipam::Eni eni = TRY(usable_eni(duty, request.eni));
  const Machine machine = TRY(find_machine(duty));
  const std::optional<cloud::NetworkInterface> seen = TRY(look(duty, request.eni));
  if (!seen.has_value()) {
    return Error(ErrorKind::kNotFound, request.eni + " does not exist")
        .advice("catena-agent call recover brings the store up to date");
  }
  TRY(fits_one_eni(request, machine,
                   static_cast<int>(seen->private_ips.size() + seen->ipv4_prefixes.size()),
                   static_cast<int>(seen->ipv6s.size() + seen->ipv6_prefixes.size())));
  Grown grown;
  grown.eni = eni;
  TRY(assign(duty, request, grown.addresses));
  return grown;
}

}  // namespace

std::vector<base::Result<Grown>> grow_enis(Duty& duty, const std::vector<GrowRequest>& requests,
                                           Room room) {
  base::Result<Ground> ground = ground_for(duty, requests, room);
  if (!ground.ok()) {
    return {requests.size(), base::Result<Grown>(ground.error())};
  }
  Attachments attachments(duty);
  std::vector<std::optional<Error>> refused;
  refused.reserve(requests.size());
  for (const GrowRequest& request : requests) {
    const base::Status begun =
        begin_eni(duty, request, ground->machine, ground->vswitches, attachments);
    refused.push_back(begun.ok() ? std::nullopt : std::optional(begun.error()));
  }
  std::vector<base::Result<Grown>> attached = attachments.finish();
  std::vector<base::Result<Grown>> ends;
  ends.reserve(requests.size());
  auto next = attached.begin();
  for (std::optional<Error>& error : refused) {
    if (error.has_value()) {
      ends.emplace_back(*std::move(error));
    } else {
      ends.push_back(std::move(*next++));
    }
  }
  return ends;
}

base::Status assign(Duty& duty, const GrowRequest& request, std::vector<base::IpAddress>& added) {
  struct Part {
    const char* family;
    const char* name;
    int count;
    int per_call;
  };
  for (const Part& part : {Part{"ipv4", "count", request.ipv4, kIpv4PerCall},
                           Part{"ipv4", "prefixCount", request.ipv4_prefixes, kPrefixesPerCall},
                           Part{"ipv6", "count", request.ipv6, kIpv6PerCall},
                           Part{"ipv6", "prefixCount", request.ipv6_prefixes, kPrefixesPerCall}}) {
    for (int left = part.count; left > 0; left -= part.per_call) {
      const std::pair<std::string, int> count(part.name, std::min(left, part.per_call));
      const auto more = TRY(assign_once(duty, request, part.family, count));
      added.insert(added.end(), more.begin(), more.end());
    }
  }
  return {};
}

base::Result<Grown> grow(Duty& duty, const GrowRequest& request) {
  if (request.ipv4 < 0 || request.ipv4 > kIpv4PerCall || request.ipv6 < 0 ||
      request.ipv6 > kIpv6PerCall) {
    return Error(ErrorKind::kBadConfig, "grow: 0 to " + std::to_string(kIpv4PerCall) +
                                            " IPv4 and 0 to " + std::to_string(kIpv6PerCall) +
                                            " IPv6 addresses at once");
  }
  if (request.mode != "shared" && request.mode != "exclusive") {
    return Error(ErrorKind::kBadConfig,
                 "grow: mode '" + request.mode + "', expected shared or exclusive");
  }
  if (request.eni.empty()) {
    return grow_enis(duty, {request}, Room::kUnknown).front();
  }
  if (request.ipv4 + request.ipv6 + request.ipv4_prefixes + request.ipv6_prefixes == 0) {
    return Error(ErrorKind::kBadConfig, "grow: no addresses wanted for " + request.eni);
  }
  TRY(settle(duty, request.eni));
  return grow_addresses(duty, request);
}

}  // namespace catena::agent
