// The beginning of an ENI: create, attach, and be sure of it.
#include <algorithm>

#include "agent/intents.h"
#include "agent/prefixes.h"
#include "common/base/text.h"

namespace catena::agent {
namespace {

using base::ErrorKind;
using cloud::EniStatus;
using cloud::NetworkInterface;

constexpr Millis kFirstPoll{1'500};
constexpr Millis kPoll{1'000};
constexpr Millis kLongestPoll{5'000};
// Once the NIC is on the node, where the API's word is waited for.
constexpr Millis kPollWithNic{500};
// A look at the node's links costs less than a millisecond.
constexpr Millis kLookForNic{100};
// An attach that failed falls back to Available without a word; so many are tried.
constexpr int kAttaches = 3;

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
  wanted.secondary_ip_count = number_in(intent, "ipv4");
  wanted.ipv6_count = number_in(intent, "ipv6");
  wanted.ipv4_prefix_count = number_in(intent, "ipv4Prefixes");
  wanted.ipv6_prefix_count = number_in(intent, "ipv6Prefixes");
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
  record.prefix_length = number_in(intent, "prefixLength");
  record.mode = parameter(intent, "mode");
  record.state = state;
  return record;
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

// An error after which the ENI is of no use here, rather than one that may pass.
bool is_hopeless(const base::Error& error) {
  if (error.is(ErrorKind::kTryAgain) || cloud::may_have_been_done(error)) {
    return cloud::class_of(error) == cloud::ErrorClass::kQuota;
  }
  const cloud::ErrorClass error_class = cloud::class_of(error);
  return error_class == cloud::ErrorClass::kPermanent ||
         error_class == cloud::ErrorClass::kNotFound || error_class == cloud::ErrorClass::kQuota;
}

// The ENI exists, and the store knows it.
base::Result<std::optional<NetworkInterface>> make_known(Duty& duty, ipam::Intent& intent,
                                                         Begun begun) {
  if (!parameter(intent, "eni").empty()) {
    return look(duty, parameter(intent, "eni"));
  }
  NetworkInterface made = TRY(make(duty, intent, begun));
  intent.parameters["eni"] = made.id;
  TRY(duty.store().change(
      {.put_intents = {intent}, .put_enis = {record_of(intent, made, ipam::EniState::kCreated)}}));
  return std::optional(std::move(made));
}

base::Result<Grown> conclude(Duty& duty, const ipam::Intent& intent, const NetworkInterface& eni) {
  Grown grown;
  grown.eni = record_of(intent, eni, ipam::EniState::kInUse);
  grown.addresses = addresses_of(eni);
  ipam::CloudChange change;
  change.put_enis = {grown.eni};
  change.put_addresses.reserve(grown.addresses.size());
  for (const base::IpAddress& address : grown.addresses) {
    change.put_addresses.push_back({address, grown.eni.id});
  }
  TRY(end(duty, intent, std::move(change)));
  return grown;
}

}  // namespace

// One ENI on its way from Available to InUse.
class Attachments::Attaching {
 public:
  // `seen`: what is known of the ENI already.
  Attaching(Duty& duty, ipam::Intent intent, std::optional<NetworkInterface> seen)
      : duty_(&duty),
        intent_(std::move(intent)),
        id_(parameter(intent_, "eni")),
        what_("attach " + id_ + " to " + duty.settings().instance_id),
        seen_(std::move(seen)) {}

  const std::string& what() const { return what_; }
  // Of one that serves a pod as a whole nothing more is to be asked of the cloud once its NIC has
  // come: what the API says of it a moment later changes nothing.
  bool is_ready() const {
    return has_nic_ && seen_.has_value() && sent_.times("attach") > 0 &&
           parameter(intent_, "mode") == ipam::kExclusiveMode && has_its_addresses();
  }
  // Whether its NIC has come since this was asked before.
  bool has_nic_come() {
    if (has_nic_ || !seen_.has_value()) {
      return false;
    }
    const base::Result<bool> there = duty_->is_at_home(seen_->mac);
    has_nic_ = there.ok() && *there;
    return has_nic_;
  }
  bool is_going() const { return !end_.has_value(); }
  // Not before it has ended. What is of no use is deleted again.
  base::Result<Grown> take_end() {
    if (!end_->ok() && is_hopeless(end_->error())) {
      return undo(*duty_, intent_, std::move(*end_).error());
    }
    return *std::move(end_);
  }

  void fail(base::Error error) { end_ = std::move(error); }
  // Does what the state that was seen asks for; may end it.
  void advance() {
    const base::Result<bool> attached = step();
    if (!attached.ok()) {
      end_ = attached.error();
    } else if (*attached) {
      end_ = conclude(*duty_, intent_, *seen_);
    }
  }
  void look_again() {
    if (is_ready()) {
      end_ = conclude(*duty_, intent_, *seen_);
      return;
    }
    base::Result<std::optional<NetworkInterface>> seen = look(*duty_, id_);
    if (!seen.ok()) {
      end_ = std::move(seen).error();
      return;
    }
    seen_ = std::move(seen).value();
    advance();
  }

 private:
  bool has_its_addresses() const {
    return seen_->primary_ip.has_value() &&
           static_cast<int>(seen_->ipv6s.size()) >= number_in(intent_, "ipv6");
  }
  bool is_attached() const {
    return seen_->status == EniStatus::kInUse &&
           seen_->instance_id == duty_->settings().instance_id;
  }

  // Whether it is attached.
  base::Result<bool> step() {
    if (!seen_.has_value()) {
      if (absence_.confirmed(*duty_)) {
        return base::Error(ErrorKind::kNotFound, id_ + " is gone before it was attached");
      }
      return false;
    }
    absence_.end();
    if (is_attached()) {
      return true;
    }
    if (seen_->status == EniStatus::kInUse) {
      return base::Error(ErrorKind::kExists, what_ + ": it is attached to " + seen_->instance_id);
    }
    if (seen_->status == EniStatus::kCreateFailed) {
      return base::Error(ErrorKind::kInternal, what_ + ": its creation failed");
    }
    // After an attach Available means "not visible yet" at first, then that it failed.
    if (seen_->status == EniStatus::kAvailable && sent_.due(*duty_, "attach", kLag)) {
      TRY(send());
    }
    return false;
  }

  base::Status send() {
    if (sent_.times("attach") > kAttaches) {
      return base::Error(ErrorKind::kInternal, what_ + ": it fell back to Available " +
                                                   std::to_string(kAttaches) + " times")
          .advice("look at the instance's events in the console");
    }
    cloud::AttachNetworkInterface wanted;
    wanted.eni_id = id_;
    wanted.instance_id = duty_->settings().instance_id;
    base::Status done = cloud::attach_network_interface(duty_->client(), wanted, duty_->call());
    // An instance that is gone is an error; all else that the state tells is not.
    const bool not_found =
        !done.ok() && cloud::class_of(done.error()) == cloud::ErrorClass::kNotFound;
    return not_found ? std::move(done) : unless_state_tells(std::move(done));
  }

  Duty* duty_;
  ipam::Intent intent_;
  std::string id_;
  std::string what_;
  std::optional<NetworkInterface> seen_;
  Absence absence_;
  Repeat sent_;
  bool has_nic_ = false;
  std::optional<base::Result<Grown>> end_;
};

Attachments::Attachments(Duty& duty) : duty_(&duty) {}
Attachments::Attachments(Attachments&&) noexcept = default;
Attachments& Attachments::operator=(Attachments&&) noexcept = default;
Attachments::~Attachments() = default;

base::Status Attachments::begin(ipam::Intent intent, Begun begun) {
  std::optional<NetworkInterface> seen = TRY(make_known(*duty_, intent, begun));
  going_.emplace_back(*duty_, std::move(intent), std::move(seen));
  going_.back().advance();
  return {};
}

bool Attachments::a_nic_came() {
  return std::ranges::count_if(going_, &Attaching::has_nic_come) > 0;
}

// Whether a NIC came, which ends the wait.
base::Result<bool> Attachments::wait(Millis time, const std::string& what) {
  if (!duty_->looks_for_nics()) {
    TRY(duty_->pause(time, what));
    return false;
  }
  const Millis end = duty_->now() + time;
  while (duty_->now() < end) {
    if (a_nic_came()) {
      return true;
    }
    TRY(duty_->pause(std::min(kLookForNic, end - duty_->now()), what));
  }
  return false;
}

std::vector<base::Result<Grown>> Attachments::finish() {
  Millis poll = kFirstPoll;
  for (auto next = std::ranges::find_if(going_, &Attaching::is_going); next != going_.end();
       next = std::ranges::find_if(going_, &Attaching::is_going)) {
    const base::Result<bool> came = wait(poll, next->what());
    for (Attaching& one : going_) {
      if (!one.is_going()) {
        continue;
      }
      if (came.ok()) {
        one.look_again();
      } else {
        one.fail(came.error());
      }
    }
    if (came.ok() && *came) {
      poll = kPollWithNic;
    } else {
      poll = poll == kFirstPoll ? kPoll : std::min(poll * 3 / 2, kLongestPoll);
    }
  }
  std::vector<base::Result<Grown>> ends;
  ends.reserve(going_.size());
  for (Attaching& one : going_) {
    ends.push_back(one.take_end());
  }
  going_.clear();
  return ends;
}

base::Result<Grown> finish_create_eni(Duty& duty, ipam::Intent intent, Begun begun) {
  Attachments one(duty);
  TRY(one.begin(std::move(intent), begun));
  return one.finish().front();
}

}  // namespace catena::agent
