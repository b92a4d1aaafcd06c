// grow: an ENI more, or addresses on one.
#include <algorithm>

#include "agent/duties.h"
#include "agent/placement.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

// What the API takes in one call (SecondaryPrivateIpAddressCount, Ipv6AddressCount).
constexpr int kIpv4PerCall = 49;
constexpr int kIpv6PerCall = 10;

Error too_many(const std::string& what, int wanted, int limit, const std::string& type) {
  return Error(ErrorKind::kTryAgain, what + ": " + std::to_string(wanted) + " wanted, " + type +
                                         " allows " + std::to_string(limit))
      .code("Catena.Limit")
      .advice("release what is idle, or take a larger instance type");
}

base::Status fits_one_eni(const GrowRequest& request, const Machine& machine, int ipv4_there,
                          int ipv6_there) {
  const cloud::InstanceType& type = machine.type;
  if (ipv4_there + request.ipv4 > type.ipv4_per_eni) {
    return too_many("IPv4 addresses of an ENI", ipv4_there + request.ipv4, type.ipv4_per_eni,
                    type.id);
  }
  if (ipv6_there + request.ipv6 > type.ipv6_per_eni) {
    return too_many("IPv6 addresses of an ENI", ipv6_there + request.ipv6, type.ipv6_per_eni,
                    type.id);
  }
  return {};
}

base::Status one_more_eni_fits(Duty& duty, const Machine& machine) {
  cloud::NetworkInterfaceFilter filter;
  filter.instance_id = duty.settings().instance_id;
  const auto enis = TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
  const auto there = static_cast<int>(std::ranges::count_if(enis, [](const auto& eni) {
    return eni.type == cloud::EniType::kPrimary || eni.type == cloud::EniType::kSecondary;
  }));
  return there < machine.type.eni_quantity ? base::Status()
                                           : too_many("ENIs of " + filter.instance_id, there + 1,
                                                      machine.type.eni_quantity, machine.type.id);
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

base::Result<Grown> grow_eni(Duty& duty, const GrowRequest& request) {
  const Machine machine = TRY(find_machine(duty));
  TRY(fits_one_eni(request, machine, 1, 0));
  TRY(one_more_eni_fits(duty, machine));
  std::optional<Error> full;
  for (const cloud::VSwitch& vswitch :
       TRY(choose_vswitches(duty, 1 + request.ipv4, request.ipv6 > 0))) {
    const ipam::Intent intent = create_intent(duty, request, machine, vswitch);
    TRY(duty.store().change({.put_intents = {intent}}).context("write down what is begun"));
    base::Result<Grown> grown = finish_create_eni(duty, intent, Begun::kNow);
    if (grown.ok() || cloud::reaction_to(grown.error()) != cloud::Reaction::kOtherVSwitch) {
      return grown;
    }
    full = std::move(grown).error();
  }
  return *std::move(full);
}

base::Result<std::vector<base::IpAddress>> assign(Duty& duty, const GrowRequest& request,
                                                  const char* family, int count) {
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.action = kAssign;
  intent.purpose = request.purpose;
  intent.parameters = {{"eni", request.eni}, {"family", family}, {"count", std::to_string(count)}};
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
  TRY(fits_one_eni(request, machine, static_cast<int>(seen->private_ips.size()),
                   static_cast<int>(seen->ipv6s.size())));
  Grown grown;
  grown.eni = eni;
  if (request.ipv4 > 0) {
    grown.addresses = TRY(assign(duty, request, "ipv4", request.ipv4));
  }
  if (request.ipv6 > 0) {
    const auto added = TRY(assign(duty, request, "ipv6", request.ipv6));
    grown.addresses.insert(grown.addresses.end(), added.begin(), added.end());
  }
  return grown;
}

}  // namespace

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
    return grow_eni(duty, request);
  }
  if (request.ipv4 + request.ipv6 == 0) {
    return Error(ErrorKind::kBadConfig, "grow: no addresses wanted for " + request.eni);
  }
  TRY(settle(duty, request.eni));
  return grow_addresses(duty, request);
}

}  // namespace catena::agent
