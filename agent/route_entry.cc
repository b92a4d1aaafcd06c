// The VPC's route entry podCIDR -> this instance.
#include <algorithm>
#include <cmath>

#include "agent/intents.h"
#include "agent/placement.h"
#include "common/base/text.h"
#include "common/cloud/vpc.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

constexpr Millis kPoll{2'000};
// Between two attempts while the VPC makes another entry: they are made one at a time, each for
// seconds, and everybody's nodes wait for the same turn.
constexpr Millis kFirstBackoff{5'000};
constexpr Millis kLongestBackoff{120'000};
constexpr int kGrowth = 3;

struct Wanted {
  base::Prefix cidr;
  std::string table;
  std::string instance;
};

base::Result<Wanted> wanted_by(const ipam::Intent& intent) {
  Wanted wanted;
  wanted.cidr = TRY(base::Prefix::parse(parameter(intent, "cidr")));
  wanted.table = parameter(intent, "table");
  wanted.instance = parameter(intent, "instance");
  return wanted;
}

std::string name_of(const Wanted& wanted) {
  return "route entry " + wanted.cidr.to_string() + " in " + wanted.table;
}

std::string text_of(const std::vector<cloud::NextHop>& hops) {
  std::vector<std::string> texts;
  texts.reserve(hops.size());
  for (const cloud::NextHop& hop : hops) {
    texts.push_back(hop.type + " " + hop.id);
  }
  return base::join(texts, ", ");
}

bool leads_to(const cloud::RouteEntry& entry, const std::string& instance) {
  return entry.next_hops.size() == 1 && entry.next_hops.front().id == instance;
}

base::Result<std::optional<cloud::RouteEntry>> find_entry(Duty& duty, const Wanted& wanted) {
  cloud::RouteEntryFilter filter;
  filter.route_table_id = wanted.table;
  filter.destination = wanted.cidr;
  for (cloud::RouteEntry& entry :
       TRY(cloud::describe_route_entry_list(duty.client(), filter, duty.call()))) {
    if (entry.destination == wanted.cidr) {
      return std::optional(std::move(entry));
    }
  }
  return std::optional<cloud::RouteEntry>();
}

// A growing wait with jitter: the longer it goes on, the more others there are. What earlier
// processes waited for the same intent counts too.
class Backoff {
 public:
  Backoff(const Duty& duty, const ipam::Intent& intent)
      : step_(std::clamp(std::chrono::duration_cast<Millis>(duty.wall() - intent.since) / 4,
                         kFirstBackoff, kLongestBackoff)) {}

  base::Status wait(Duty& duty, const std::string& what) {
    const double share = 0.25 + 0.75 * duty.random();
    const auto time = Millis(static_cast<Millis::rep>(static_cast<double>(step_.count()) * share));
    step_ = std::min(step_ * kGrowth, kLongestBackoff);
    return duty.pause(time, what);
  }

 private:
  Millis step_;
};

// One carrying-out of a create-route intent.
class Ensuring {
 public:
  Ensuring(Duty& duty, const ipam::Intent& intent, Wanted wanted)
      : duty_(duty),
        intent_(intent),
        wanted_(std::move(wanted)),
        what_("make " + name_of(wanted_)),
        backoff_(duty, intent) {}

  // The entry, Available.
  base::Result<cloud::RouteEntry> run() {
    while (true) {
      const std::optional<cloud::RouteEntry> entry = TRY(find_entry(duty_, wanted_));
      if (!entry.has_value()) {
        TRY(create());
        continue;
      }
      if (!leads_to(*entry, wanted_.instance)) {
        TRY(replace(*entry));
      } else if (entry->status == "Available") {
        return *entry;
      }
      TRY(duty_.pause(kPoll, what_));
    }
  }

 private:
  // Sends the request until it is accepted or there is something to see.
  base::Status create() {
    if (created_at_ && duty_.now() - *created_at_ < kLag) {
      return duty_.pause(kPoll / 2, what_);  // not visible yet
    }
    cloud::CreateRouteEntry request;
    request.route_table_id = wanted_.table;
    request.destination = wanted_.cidr;
    request.next_hop = {"Instance", wanted_.instance};
    request.name = "catena";
    request.description = "pods of " + wanted_.instance;
    // A token whose entry was made, and removed by somebody since, would be answered with that one.
    const std::string token = created_at_ ? std::string() : intent_.key;
    while (true) {
      const auto made = cloud::create_route_entry(duty_.client(), request, duty_.call(token));
      if (made.ok()) {
        created_at_ = duty_.now();
        return duty_.pause(kPoll, what_);
      }
      if (cloud::reaction_to(made.error()) == cloud::Reaction::kAdoptOrReplace ||
          cloud::may_have_been_done(made.error())) {
        return duty_.pause(kPoll / 2, what_);
      }
      const cloud::ErrorClass error_class = cloud::class_of(made.error());
      if (error_class != cloud::ErrorClass::kState &&
          error_class != cloud::ErrorClass::kThrottled &&
          error_class != cloud::ErrorClass::kRetry) {
        return made.error();
      }
      if (const base::Status waited = backoff_.wait(duty_, what_); !waited.ok()) {
        return Error(waited.error()).append(", the last answer was: " + made.error().message());
      }
    }
  }

  // An entry of somebody else's: replaced when its instance does not exist any more.
  base::Status replace(const cloud::RouteEntry& entry) {
    if (entry.status != "Available") {
      return {};
    }
    const bool one_instance =
        entry.next_hops.size() == 1 && entry.next_hops.front().type == "Instance";
    if (entry.type != "Custom" || !one_instance ||
        !TRY(instance_is_gone(duty_, entry.next_hops.front().id))) {
      return Error(ErrorKind::kExists, name_of(wanted_) + " leads to " + text_of(entry.next_hops) +
                                           " (" + entry.id + ", " + entry.type + "), not to " +
                                           wanted_.instance)
          .advice("give each node a podCIDR of its own, or remove that entry");
    }
    duty_.notice(name_of(wanted_) + " led to " + entry.next_hops.front().id +
                 ", which does not exist any more: replaced");
    cloud::DeleteRouteEntry what;
    what.entry_id = entry.id;
    return unless_state_tells(cloud::delete_route_entry(duty_.client(), what, duty_.call()));
  }

  Duty& duty_;
  const ipam::Intent& intent_;
  Wanted wanted_;
  std::string what_;
  Backoff backoff_;
  std::optional<Millis> created_at_;
};

// Nothing was made and nothing will be: the intent has ended though the duty failed.
bool is_final(const Error& error) {
  if (cloud::may_have_been_done(error)) {
    return false;
  }
  const cloud::ErrorClass error_class = cloud::class_of(error);
  return error_class == cloud::ErrorClass::kQuota || error_class == cloud::ErrorClass::kPermanent ||
         error_class == cloud::ErrorClass::kNotFound;
}

}  // namespace

base::Result<ipam::Route> finish_create_route(Duty& duty, const ipam::Intent& intent) {
  const Wanted wanted = TRY(wanted_by(intent));
  base::Result<cloud::RouteEntry> entry = Ensuring(duty, intent, wanted).run();
  if (!entry.ok()) {
    if (is_final(entry.error())) {
      TRY(end(duty, intent, {.drop_routes = {wanted.cidr}}));
    }
    return std::move(entry).error();
  }
  ipam::Route route;
  route.cidr = wanted.cidr;
  route.table = wanted.table;
  route.entry = entry->id;
  route.next_hop = wanted.instance;
  TRY(end(duty, intent, {.put_routes = {route}}));
  return route;
}

base::Status finish_delete_route(Duty& duty, const ipam::Intent& intent) {
  const Wanted wanted = TRY(wanted_by(intent));
  const std::string what = "remove " + name_of(wanted);
  Absence absence;
  Repeat sent;
  Backoff backoff(duty, intent);
  while (true) {
    const std::optional<cloud::RouteEntry> entry = TRY(find_entry(duty, wanted));
    const bool ours = entry.has_value() && leads_to(*entry, wanted.instance);
    if (entry.has_value() && !ours) {
      duty.notice(name_of(wanted) + " leads to " + text_of(entry->next_hops) + ", it stays");
      return end(duty, intent, {.drop_routes = {wanted.cidr}});
    }
    if (!entry.has_value() && absence.confirmed(duty)) {
      return end(duty, intent, {.drop_routes = {wanted.cidr}});
    }
    if (ours) {
      absence.end();
    }
    if (ours && entry->status == "Available" && sent.due(duty, "delete", kLag * 3 / 2)) {
      cloud::DeleteRouteEntry request;
      request.entry_id = entry->id;
      const base::Status done = cloud::delete_route_entry(duty.client(), request, duty.call());
      TRY(unless_state_tells(done));
      if (!done.ok() && !cloud::may_have_been_done(done.error())) {
        sent = Repeat();
        TRY(backoff.wait(duty, what));
        continue;
      }
    }
    TRY(duty.pause(kPoll, what));
  }
}

}  // namespace catena::agent
