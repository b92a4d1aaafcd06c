#include "sim/world/console.h"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "sim/world/build.h"
#include "sim/world/enis.h"
#include "sim/world/instances.h"
#include "sim/world/plane_feed.h"
#include "sim/world/pool.h"
#include "sim/world/route_rules.h"
#include "sim/world/routes.h"
#include "sim/world/scene_fields.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

using Verb = Result<json> (*)(State&, Fields&);

Result<std::string> required(Fields& fields, std::string_view key) {
  const auto given = TRY(fields.string(key));
  if (!given || given->empty()) {
    return fields.bad_value(key, "a text");
  }
  return *given;
}

// The object of `map` that the key names.
template <typename T>
Result<T*> named(std::map<std::string, T>& map, Fields& fields, std::string_view key) {
  const std::string id = TRY(required(fields, key));
  const auto found = map.find(id);
  if (found == map.end()) {
    return Error(ErrorKind::kNotFound, "there is no " + std::string(key) + " " + id);
  }
  return &found->second;
}

Result<json> delete_eni(State& state, Fields& fields) {
  Eni* eni = TRY(named(state.enis, fields, "eni"));
  TRY(fields.no_unknown_keys());
  if (eni->type == EniType::kPrimary) {
    return Error(ErrorKind::kBadConfig,
                 "ENI " + eni->id + " is a primary one: it goes with its instance");
  }
  remove_eni(state, std::string(eni->id));
  return json::object();
}

Result<json> detach_eni(State& state, Fields& fields) {
  Eni* eni = TRY(named(state.enis, fields, "eni"));
  TRY(fields.no_unknown_keys());
  if (eni->type == EniType::kPrimary || eni->instance.empty()) {
    return Error(ErrorKind::kBadConfig, "ENI " + eni->id + " is primary or attached to nothing");
  }
  come_loose(state, *eni);
  return json::object();
}

Result<json> unassign(State& state, Fields& fields) {
  Eni* eni = TRY(named(state.enis, fields, "eni"));
  const auto address = TRY(fields.address("address"));
  const auto prefix = TRY(fields.network("prefix"));
  TRY(fields.no_unknown_keys());
  Grant back;
  if (address) {
    (address->is_v4() ? back.ipv4 : back.ipv6).push_back(*address);
  }
  if (prefix) {
    (prefix->is_v4() ? back.ipv4_prefixes : back.ipv6_prefixes).push_back(*prefix);
  }
  const VSwitch& vswitch = state.vswitches.at(eni->vswitch);
  const auto owner = address ? vswitch.used.find(*address) : vswitch.used.end();
  const auto prefix_owner =
      prefix ? vswitch.used_prefixes.find(*prefix) : vswitch.used_prefixes.end();
  const bool has_it =
      (owner != vswitch.used.end() && owner->second == eni->id && *address != eni->ipv4.front()) ||
      (prefix_owner != vswitch.used_prefixes.end() && prefix_owner->second == eni->id);
  if (!has_it) {
    return Error(ErrorKind::kNotFound,
                 "that is no secondary address and no prefix of ENI " + eni->id);
  }
  give_back(state, *eni, back);
  return json::object();
}

Result<json> assign(State& state, Fields& fields) {
  Eni* eni = TRY(named(state.enis, fields, "eni"));
  Wanted wanted;
  wanted.ipv4_count = TRY(fields.integer("count", 1, 49)).value_or(1);
  TRY(fields.no_unknown_keys());
  VSwitch& vswitch = state.vswitches.at(eni->vswitch);
  auto grant = plan_grant(state, vswitch, wanted);
  if (!grant.ok()) {
    return Error(ErrorKind::kTryAgain, std::move(grant).error().message);
  }
  const Grant given = std::move(grant).value();
  take_grant(state, vswitch, given, eni->id);
  eni->ipv4.insert(eni->ipv4.end(), given.ipv4.begin(), given.ipv4.end());
  publish_eni(state, *eni);
  feed_addresses(state, *eni);
  json addresses = json::array();
  for (const base::IpAddress& address : given.ipv4) {
    addresses.push_back(address.to_string());
  }
  return json{{"addresses", addresses}};
}

Result<json> set_tags(State& state, Fields& fields) {
  Eni* eni = TRY(named(state.enis, fields, "eni"));
  eni->tags = TRY(fields.string_map("tags")).value_or(Tags());
  TRY(fields.no_unknown_keys());
  publish_eni(state, *eni);
  return json::object();
}

Result<json> remove_security_group(State& state, Fields& fields) {
  const SecurityGroup* group = TRY(named(state.groups, fields, "securityGroup"));
  TRY(fields.no_unknown_keys());
  const std::string id = group->id;
  state.groups.erase(id);
  for (auto& [eni_id, eni] : state.enis) {
    if (std::erase(eni.groups, id) > 0) {
      publish_eni(state, eni);
    }
  }
  for (auto& [instance_id, instance] : state.instances) {
    if (std::erase(instance.groups, id) > 0) {
      publish_instance(state, instance);
    }
  }
  return json::object();
}

std::string system_table(const State& state) {
  return state.vpcs.at(state.scene.vpcs.front().id).tables.front();
}

Result<json> add_route(State& state, Fields& fields) {
  NewRoute wanted;
  wanted.destination = TRY(required(fields, "destination"));
  wanted.next_hop = TRY(required(fields, "nextHop"));
  wanted.next_hop_type = wanted.next_hop.starts_with("eni-") ? "NetworkInterface" : "Instance";
  wanted.table = TRY(fields.string("table")).value_or(system_table(state));
  TRY(fields.no_unknown_keys());
  auto checked = checked_route(state, wanted);
  if (!checked.ok()) {
    const Refusal refusal = std::move(checked).error();
    return Error(ErrorKind::kBadConfig, refusal.code + ": " + refusal.message);
  }
  const RouteEntry& route = put_route(state, std::move(checked).value(), true);
  feed_routes(state);
  return json{{"route", route.id}};
}

Result<json> delete_route(State& state, Fields& fields) {
  const RouteEntry* route = TRY(named(state.routes, fields, "route"));
  TRY(fields.no_unknown_keys());
  if (route->system) {
    return Error(ErrorKind::kBadConfig, "route entry " + route->id + " is the system's");
  }
  remove_route(state, std::string(route->id));
  return json::object();
}

Result<json> take_addresses(State& state, Fields& fields) {
  VSwitch* vswitch = TRY(named(state.vswitches, fields, "vswitch"));
  // As many as are asked for, or all but those that are to be left.
  const auto count = TRY(fields.integer("count", 0, 1'000'000));
  const auto leave = TRY(fields.integer("leave", 0, 1'000'000));
  TRY(fields.no_unknown_keys());
  const std::int64_t free = available_addresses(state, *vswitch);
  const std::int64_t taken = count.value_or(std::max<std::int64_t>(0, free - leave.value_or(free)));
  TRY(occupy_addresses(state, *vswitch, taken));
  return json{{"taken", taken}};
}

Result<json> give_addresses(State& state, Fields& fields) {
  VSwitch* vswitch = TRY(named(state.vswitches, fields, "vswitch"));
  auto count = TRY(fields.integer("count", 0, 1'000'000)).value_or(1'000'000);
  TRY(fields.no_unknown_keys());
  Grant back;
  for (const auto& [address, owner] : vswitch->used) {
    if (owner == kOtherTenant && count-- > 0) {
      back.ipv4.push_back(address);
    }
  }
  release(state, *vswitch, back);
  return json{{"given", back.ipv4.size()}};
}

Result<json> set_vswitch(State& state, Fields& fields) {
  VSwitch* vswitch = TRY(named(state.vswitches, fields, "vswitch"));
  vswitch->pending = TRY(fields.one_of("state", {"Pending", "Available"})) == "Pending";
  TRY(fields.no_unknown_keys());
  return json::object();
}

Result<json> start(State& state, Fields& fields) {
  Instance* instance = TRY(named(state.instances, fields, "instance"));
  TRY(fields.no_unknown_keys());
  TRY(start_instance(state, *instance));
  return json::object();
}

Result<json> stop(State& state, Fields& fields) {
  Instance* instance = TRY(named(state.instances, fields, "instance"));
  TRY(fields.no_unknown_keys());
  TRY(stop_instance(state, *instance));
  return json::object();
}

Result<json> terminate(State& state, Fields& fields) {
  const Instance* instance = TRY(named(state.instances, fields, "instance"));
  TRY(fields.no_unknown_keys());
  terminate_instance(state, std::string(instance->id));
  return json::object();
}

Result<json> run_instance(State& state, Fields& fields) {
  auto wanted = TRY(fields.object("instance"));
  TRY(fields.no_unknown_keys());
  if (!wanted) {
    return fields.bad_value("instance", "an object as in the scene");
  }
  const SceneInstance instance = TRY(read_instance(*wanted, state.scene));
  TRY(add_instance(state, instance));
  return json{{"instance", instance.id}};
}

Result<json> set_metadata(State& state, Fields& fields) {
  Instance* instance = TRY(named(state.instances, fields, "instance"));
  const auto enabled = TRY(fields.boolean("enabled"));
  const auto tokens = TRY(fields.one_of("tokens", {"optional", "required"}));
  const auto role = TRY(fields.string("role"));
  TRY(fields.no_unknown_keys());
  instance->metadata_enabled = enabled.value_or(instance->metadata_enabled);
  if (tokens) {
    instance->metadata_tokens_required = *tokens == "required";
  }
  instance->role = role.value_or(instance->role);
  publish_instance(state, *instance);
  return json::object();
}

// The next so many tasks of this kind go wrong, of one ENI or of any.
Result<json> plan_fault(State& state, Fields& fields) {
  PlannedFault fault;
  const auto kind = TRY(fields.one_of("kind", {"attach_fails", "detach_sticks", "delete_sticks"}));
  if (!kind) {
    return fields.bad_value("kind", "attach_fails, detach_sticks or delete_sticks");
  }
  fault.kind = *kind;
  fault.eni = TRY(fields.string("eni")).value_or("");
  fault.count = static_cast<int>(TRY(fields.integer("count", 1, 1'000'000)).value_or(1));
  TRY(fields.no_unknown_keys());
  state.planned_faults.push_back(fault);
  return json::object();
}

Result<json> configure(State& state, Fields& fields) {
  Scene changed = state.scene;
  TRY(read_settings(fields, changed));
  TRY(fields.no_unknown_keys());
  state.scene = std::move(changed);
  return json::object();
}

const std::map<std::string_view, Verb>& verbs() {
  static const std::map<std::string_view, Verb> known{
      {"add_route", add_route},
      {"assign", assign},
      {"configure", configure},
      {"delete_eni", delete_eni},
      {"delete_route", delete_route},
      {"detach_eni", detach_eni},
      {"give_addresses", give_addresses},
      {"plan_fault", plan_fault},
      {"remove_security_group", remove_security_group},
      {"run_instance", run_instance},
      {"set_metadata", set_metadata},
      {"set_tags", set_tags},
      {"set_vswitch", set_vswitch},
      {"start_instance", start},
      {"stop_instance", stop},
      {"take_addresses", take_addresses},
      {"terminate_instance", terminate},
      {"unassign", unassign}};
  return known;
}

}  // namespace

Result<json> console_action(State& state, const json& request) {
  Fields fields = TRY(Fields::of(request, ""));
  const std::string verb = TRY(required(fields, "do"));
  const auto found = verbs().find(verb);
  if (found == verbs().end()) {
    std::vector<std::string> known;
    for (const auto& [name, function] : verbs()) {
      known.emplace_back(name);
    }
    return fields.bad_value("do", "one of " + base::join(known, ", "));
  }
  return found->second(state, fields);
}

}  // namespace catena::sim
