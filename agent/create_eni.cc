// The beginning of an ENI: create, attach, and be sure of it.
#include <algorithm>
#include <charconv>

#include "agent/intents.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using cloud::EniStatus;
using cloud::NetworkInterface;

constexpr Millis kFirstPoll{1'500};
constexpr Millis kPoll{1'000};
constexpr Millis kLongestPoll{5'000};
// An attach that failed falls back to Available without a word; so many are tried.
constexpr int kAttaches = 3;

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string> list(const std::string& text) {
  std::vector<std::string> parts;
  for (const std::string_view part : base::split(text, ',')) {
    if (!part.empty()) {
      parts.emplace_back(part);
    }
  }
  return parts;
}

// All from the intent: a ClientToken counts for the same parameters only.
cloud::CreateNetworkInterface request_of(const ipam::Intent& intent) {
  cloud::CreateNetworkInterface wanted;
  wanted.vswitch_id = parameter(intent, "vswitch");
  wanted.security_group_ids = list(parameter(intent, "securityGroups"));
  wanted.name = parameter(intent, "name");
  wanted.description = "made by catena-agent for " + parameter(intent, "instance");
  wanted.resource_group_id = parameter(intent, "resourceGroup");
  wanted.secondary_ip_count = number(parameter(intent, "ipv4"));
  wanted.ipv6_count = number(parameter(intent, "ipv6"));
  wanted.delete_on_release = true;
  constexpr std::string_view kTag = "tag.";
  for (const auto& [name, value] : intent.parameters) {
    if (name.starts_with(kTag)) {
      wanted.tags.push_back({name.substr(kTag.size()), value});
    }
  }
  wanted.tags.push_back({kIntentTag, intent.key});
  return wanted;
}

ipam::Eni record_of(const ipam::Intent& intent, const NetworkInterface& eni, ipam::EniState state) {
  ipam::Eni record;
  record.id = eni.id;
  record.mac = eni.mac;
  record.vswitch = eni.vswitch_id;
  record.address = eni.primary_ip.value_or(base::IpAddress());
  const auto gateway = base::IpAddress::parse(parameter(intent, "gateway"));
  record.gateway = gateway.ok() ? *gateway : base::IpAddress();
  const auto gateway6 = base::IpAddress::parse(parameter(intent, "gateway6"));
  record.gateway6 = gateway6.ok() ? std::optional(*gateway6) : std::nullopt;
  record.prefix_length = number(parameter(intent, "prefixLength"));
  record.mode = parameter(intent, "mode");
  record.state = state;
  return record;
}

std::vector<base::IpAddress> addresses_of(const NetworkInterface& eni) {
  std::vector<base::IpAddress> addresses = eni.ipv6s;
  std::ranges::transform(eni.private_ips, std::back_inserter(addresses),
                         &cloud::PrivateIp::address);
  std::ranges::sort(addresses);
  return addresses;
}

// What carries the intent's tag; a second one can only be of a ClientToken that had expired.
base::Result<std::vector<NetworkInterface>> tagged(Duty& duty, const ipam::Intent& intent) {
  cloud::NetworkInterfaceFilter filter;
  filter.tags = {{kIntentTag, intent.key}};
  for (const bool last : {false, true}) {
    std::vector<NetworkInterface> found =
        TRY(cloud::describe_network_interfaces(duty.client(), filter, duty.call()));
    if (!found.empty() || last) {
      std::ranges::sort(found, {}, [](const NetworkInterface& eni) {
        return std::pair(eni.instance_id.empty(), eni.id);
      });
      return found;
    }
    TRY(duty.pause(kLag, "look for the ENI of intent " + intent.key));
  }
  return std::vector<NetworkInterface>();
}

// Each on its way out, by an intent of its own.
base::Status give_up_others(Duty& duty, const std::vector<NetworkInterface>& enis) {
  for (std::size_t i = 1; i < enis.size(); ++i) {
    ipam::Intent intent;
    intent.key = duty.client().new_token();
    intent.action = kDeleteEni;
    intent.parameters = {{"eni", enis[i].id}};
    intent.purpose = "made twice";
    TRY(duty.store().change({.put_intents = {intent}}));
  }
  return {};
}

// The ENI of the intent, made now or before. An error after which nothing can have been made ends
// the intent.
base::Result<NetworkInterface> make(Duty& duty, const ipam::Intent& intent, Begun begun) {
  if (begun == Begun::kBefore) {
    const std::vector<NetworkInterface> found = TRY(tagged(duty, intent));
    if (!found.empty()) {
      TRY(give_up_others(duty, found));
      return found.front();
    }
    if (!is_young(duty, intent)) {
      TRY(end(duty, intent));
      return base::Error(ErrorKind::kTryAgain, "create an ENI: it was never carried out");
    }
  }
  base::Result<NetworkInterface> made =
      cloud::create_network_interface(duty.client(), request_of(intent), duty.call(intent.key));
  if (made.ok() || cloud::may_have_been_done(made.error())) {
    return made;
  }
  const cloud::ErrorClass error_class = cloud::class_of(made.error());
  const bool burnt = cloud::reaction_to(made.error()) == cloud::Reaction::kNewToken;
  if (burnt || error_class == cloud::ErrorClass::kQuota ||
      error_class == cloud::ErrorClass::kPermanent || error_class == cloud::ErrorClass::kNotFound) {
    const std::vector<NetworkInterface> found = TRY(tagged(duty, intent));
    if (!found.empty()) {
      TRY(give_up_others(duty, found));
      return found.front();
    }
    TRY(end(duty, intent));
  }
  return made;
}

// What was made can't be used: it goes again, and `why` is what the caller is told.
base::Error undo(Duty& duty, ipam::Intent intent, base::Error why) {
  intent.action = kDeleteEni;
  base::Status undone = duty.store().change({.put_intents = {intent}});
  if (undone.ok()) {
    undone = finish_delete_eni(duty, intent);
  }
  return undone.ok() ? std::move(why)
                     : std::move(why).append("; the ENI " + parameter(intent, "eni") +
                                             " is not deleted yet: " + undone.error().message());
}

class Attaching {
 public:
  Attaching(Duty& duty, const ipam::Intent& intent)
      : duty_(duty),
        intent_(intent),
        id_(parameter(intent, "eni")),
        what_("attach " + id_ + " to " + duty.settings().instance_id) {}

  // `seen`: what is known of the ENI already. Until it is attached.
  base::Result<NetworkInterface> run(std::optional<NetworkInterface> seen) {
    Absence absence;
    Millis poll = kPoll;
    while (true) {
      if (!seen.has_value() && absence.confirmed(duty_)) {
        return base::Error(ErrorKind::kNotFound, id_ + " is gone before it was attached");
      }
      if (seen.has_value()) {
        absence.end();
        if (is_attached(*seen)) {
          return *std::move(seen);
        }
        TRY(step(*seen));
      }
      TRY(duty_.pause(sent_.times("attach") == 1 && !waited_ ? kFirstPoll : poll, what_));
      poll = waited_ ? std::min(poll * 3 / 2, kLongestPoll) : poll;
      waited_ = true;
      seen = TRY(look(duty_, id_));
    }
  }

 private:
  bool is_attached(const NetworkInterface& eni) const {
    return eni.status == EniStatus::kInUse && eni.instance_id == duty_.settings().instance_id;
  }

  base::Status step(const NetworkInterface& eni) {
    if (eni.status == EniStatus::kInUse) {
      return base::Error(ErrorKind::kExists, what_ + ": it is attached to " + eni.instance_id);
    }
    if (eni.status == EniStatus::kCreateFailed) {
      return base::Error(ErrorKind::kInternal, what_ + ": its creation failed");
    }
    // After an attach Available means "not visible yet" at first, then that it failed.
    if (eni.status != EniStatus::kAvailable || !sent_.due(duty_, "attach", kLag)) {
      return {};
    }
    if (sent_.times("attach") > kAttaches) {
      return base::Error(ErrorKind::kInternal, what_ + ": it fell back to Available " +
                                                   std::to_string(kAttaches) + " times")
          .advice("look at the instance's events in the console");
    }
    cloud::AttachNetworkInterface wanted;
    wanted.eni_id = id_;
    wanted.instance_id = duty_.settings().instance_id;
    return unless_gone_or_state(
        cloud::attach_network_interface(duty_.client(), wanted, duty_.call()));
  }

  // An instance that is gone is an error; all else that the state tells is not.
  static base::Status unless_gone_or_state(base::Status done) {
    const bool not_found =
        !done.ok() && cloud::class_of(done.error()) == cloud::ErrorClass::kNotFound;
    return not_found ? std::move(done) : unless_state_tells(std::move(done));
  }

  Duty& duty_;
  const ipam::Intent& intent_;
  std::string id_;
  std::string what_;
  Repeat sent_;
  bool waited_ = false;
};

// An error after which the ENI is of no use here, rather than one that may pass.
bool is_hopeless(const base::Error& error) {
  if (error.is(ErrorKind::kTryAgain) || cloud::may_have_been_done(error)) {
    return cloud::class_of(error) == cloud::ErrorClass::kQuota;
  }
  const cloud::ErrorClass error_class = cloud::class_of(error);
  return error_class == cloud::ErrorClass::kPermanent ||
         error_class == cloud::ErrorClass::kNotFound || error_class == cloud::ErrorClass::kQuota;
}

}  // namespace

base::Result<Grown> finish_create_eni(Duty& duty, ipam::Intent intent, Begun begun) {
  std::optional<NetworkInterface> seen;
  if (parameter(intent, "eni").empty()) {
    seen = TRY(make(duty, intent, begun));
    intent.parameters["eni"] = seen->id;
    TRY(duty.store().change({.put_intents = {intent},
                             .put_enis = {record_of(intent, *seen, ipam::EniState::kCreated)}}));
  } else {
    seen = TRY(look(duty, parameter(intent, "eni")));
  }
  base::Result<NetworkInterface> attached = Attaching(duty, intent).run(std::move(seen));
  if (!attached.ok()) {
    return is_hopeless(attached.error()) ? undo(duty, intent, std::move(attached).error())
                                         : std::move(attached).error();
  }
  Grown grown;
  grown.eni = record_of(intent, *attached, ipam::EniState::kInUse);
  grown.addresses = addresses_of(*attached);
  ipam::CloudChange change;
  change.put_enis = {grown.eni};
  for (const base::IpAddress& address : grown.addresses) {
    change.put_addresses.push_back({address, grown.eni.id});
  }
  TRY(end(duty, intent, std::move(change)));
  return grown;
}

}  // namespace catena::agent
