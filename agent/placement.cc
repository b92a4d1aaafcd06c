#include "agent/placement.h"

#include <algorithm>

#include "agent/duties.h"
#include "common/base/text.h"

namespace catena::agent {

using base::Error;
using base::ErrorKind;

namespace {

base::Result<cloud::InstanceType> find_type(Duty& duty, const std::string& id) {
  if (duty.types() != nullptr) {
    if (auto known = duty.types()->find(id); known.has_value()) {
      return *std::move(known);
    }
  }
  for (const cloud::InstanceType& type :
       TRY(cloud::describe_instance_types(duty.client(), {id}, duty.call()))) {
    if (type.id == id) {
      if (duty.types() != nullptr) {
        duty.types()->keep(type);
      }
      return type;
    }
  }
  return Error(ErrorKind::kNotFound, "DescribeInstanceTypes does not know " + id);
}

}  // namespace

base::Result<Machine> find_machine(Duty& duty) {
  if (duty.machine().has_value()) {
    return *duty.machine();
  }
  const Settings& settings = duty.settings();
  Machine machine;
  machine.type.id = settings.instance_type;
  machine.security_groups = settings.security_groups;
  if (machine.type.id.empty() || machine.security_groups.empty()) {
    const cloud::InstanceInfo instance =
        TRY(cloud::describe_instance_attribute(duty.client(), settings.instance_id, duty.call()));
    machine.type.id = instance.type;
    if (machine.security_groups.empty()) {
      machine.security_groups = instance.security_group_ids;
    }
  }
  machine.type = TRY(find_type(duty, machine.type.id));
  duty.keep(machine);
  return machine;
}

int adapters_of(const std::vector<cloud::NetworkInterface>& attached) {
  return static_cast<int>(std::ranges::count_if(
      attached, [](const auto& eni) { return eni.type != cloud::EniType::kMember; }));
}

base::Result<std::vector<cloud::VSwitch>> find_vswitches(Duty& duty) {
  cloud::VSwitchFilter filter;
  filter.vswitch_ids = duty.settings().vswitches;
  std::vector<cloud::VSwitch> found =
      TRY(cloud::describe_vswitches(duty.client(), filter, duty.call()));
  if (found.empty()) {
    return Error(ErrorKind::kNotFound, "no vSwitch " + base::join(filter.vswitch_ids, ", "))
        .code("InvalidVSwitchId.NotFound")
        .advice("correct vswitches in eni.conf");
  }
  return found;
}

base::Result<std::vector<cloud::VSwitch>> choose_vswitches(Duty& duty,
                                                           std::vector<cloud::VSwitch> found,
                                                           int addresses, bool ipv6) {
  const Settings& settings = duty.settings();
  if (settings.vswitch_policy == cloud::VSwitchPolicy::kMost) {
    std::ranges::sort(found, std::ranges::greater(), &cloud::VSwitch::available_ips);
  } else if (settings.vswitch_policy == cloud::VSwitchPolicy::kRandom) {
    for (std::size_t i = found.size(); i > 1; --i) {
      std::swap(found[i - 1],
                found[static_cast<std::size_t>(duty.random() * static_cast<double>(i))]);
    }
  }
  std::string why;
  std::erase_if(found, [&](const cloud::VSwitch& vswitch) {
    const bool lacks_ipv6 = ipv6 && !vswitch.ipv6_cidr.has_value();
    const bool full = vswitch.available_ips < addresses;
    if (lacks_ipv6 || full || !vswitch.cidr.has_value()) {
      why += (why.empty() ? "" : ", ") + vswitch.id +
             (full ? " has " + std::to_string(vswitch.available_ips) + " addresses left"
                   : " has no IPv6");
      return true;
    }
    return false;
  });
  if (found.empty()) {
    return Error(ErrorKind::kTryAgain,
                 "no vSwitch has " + std::to_string(addresses) + " addresses for a new ENI: " + why)
        .code("InvalidVSwitchId.IpNotEnough")
        .advice("add a vSwitch of this zone to eni.conf");
  }
  return found;
}

Gateways gateways_of(const cloud::VSwitch& vswitch) {
  Gateways gateways;
  if (vswitch.cidr.has_value()) {
    gateways.prefix_length = vswitch.cidr->length();
    gateways.ipv4 = vswitch.cidr->last().minus_one().minus_one();
  }
  if (vswitch.ipv6_cidr.has_value()) {
    base::IpAddress address = vswitch.ipv6_cidr->last();
    for (int i = 0; i < 8; ++i) {
      address = address.minus_one();
    }
    gateways.ipv6 = address;
  }
  return gateways;
}

base::Result<ipam::Eni> usable_eni(Duty& duty, const std::string& id) {
  ipam::CloudRecords known = TRY(duty.store().cloud());
  for (ipam::Eni& eni : known.enis) {
    if (eni.id != id) {
      continue;
    }
    if (eni.state != ipam::EniState::kInUse) {
      return Error(ErrorKind::kTryAgain, id + " is " + ipam::name_of(eni.state) + ", not in use")
          .advice("catena-agent call recover carries it to an end");
    }
    return std::move(eni);
  }
  return Error(ErrorKind::kNotFound, "the store does not know " + id)
      .advice(
          "catena-agent call describe lists the ENIs of this node; recover adopts those that "
          "catena made");
}

base::Result<bool> instance_is_gone(Duty& duty, const std::string& instance) {
  for (const bool last : {false, true}) {
    const auto found = cloud::describe_instance_attribute(duty.client(), instance, duty.call());
    if (found.ok()) {
      return false;
    }
    if (!found.error().is(ErrorKind::kNotFound)) {
      return found.error();
    }
    if (!last) {
      TRY(duty.pause(kLag, "make sure that " + instance + " is gone"));
    }
  }
  return true;
}

base::Status settle(Duty& duty, const std::string& eni) {
  const ipam::CloudRecords known = TRY(duty.store().cloud());
  for (const ipam::Intent& intent : known.intents) {
    if (parameter(intent, "eni") == eni) {
      const auto finished = finish(duty, intent);
      if (!finished.ok()) {
        return Error(finished.error())
            .context("an earlier " + intent.action + " of " + eni + " is not finished");
      }
    }
  }
  return {};
}

}  // namespace catena::agent
