#include "sim/admin.h"

#include <functional>
#include <map>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "sim/admin/orders.h"
#include "sim/gateway/authenticate.h"
#include "sim/world.h"

namespace catena::sim {
namespace {

using base::Fields;
using nlohmann::json;

constexpr std::int64_t kLongestStep = 365LL * 86'400'000;  // ms

struct Sim {
  World& world;
  Gateway& gateway;
  MetadataService& metadata;
};

AdminAnswer advance(Sim& sim, Fields& fields) {
  const auto step = TRY(fields.integer("ms", 0, kLongestStep));
  TRY(fields.no_unknown_keys());
  if (!step.has_value()) {
    return fields.bad_value("ms", "milliseconds to let pass");
  }
  sim.world.advance(Millis(*step));
  return json{{"now", print_timestamp(sim.world.now())}};
}

AdminAnswer status(Sim& sim) {
  json faults = TRY(list_faults(sim.gateway));
  return json{{"now", print_timestamp(sim.world.now())},
              {"world", sim.world.dump()},
              {"counts", counts_of(sim.gateway)},
              {"faults", faults["faults"]},
              {"keys", keys_of(sim.gateway)},
              {"client_tokens", sim.gateway.client_tokens().size()}};
}

AdminAnswer orphans(Sim& sim) {
  json list = json::array();
  for (const Orphan& orphan : sim.world.orphans()) {
    list.push_back({{"kind", orphan.kind}, {"id", orphan.id}, {"why", orphan.why}});
  }
  return json{{"orphans", std::move(list)}};
}

using Order = std::function<AdminAnswer(Sim&, Fields&)>;

// An order without keys of its own.
Order plain(const std::function<AdminAnswer(Sim&)>& order) {
  return [order](Sim& sim, Fields& fields) -> AdminAnswer {
    TRY(fields.no_unknown_keys());
    return order(sim);
  };
}

const std::map<std::string, Order>& orders() {
  static const std::map<std::string, Order> all = {
      {"dump", plain(status)},
      {"orphans", plain(orphans)},
      {"now", plain([](Sim& sim) {
         return AdminAnswer(json{{"now", print_timestamp(sim.world.now())}});
       })},
      {"counts", plain([](Sim& sim) { return AdminAnswer(counts_of(sim.gateway)); })},
      {"reset_counts", plain([](Sim& sim) {
         sim.gateway.reset_counts();
         return AdminAnswer(json::object());
       })},
      {"faults", plain([](Sim& sim) { return list_faults(sim.gateway); })},
      {"clear_faults", plain([](Sim& sim) {
         sim.gateway.faults().clear();
         return AdminAnswer(json::object());
       })},
      {"advance", advance},
      {"fault", [](Sim& sim, Fields& fields) { return add_fault(sim.gateway, fields); }},
      {"set_rates", [](Sim& sim, Fields& fields) { return set_rates(sim.gateway, fields); }},
      {"set_gateway", [](Sim& sim, Fields& fields) { return set_gateway(sim.gateway, fields); }},
      {"set_metadata", [](Sim& sim, Fields& fields) { return set_metadata(sim.metadata, fields); }},
      {"add_key",
       [](Sim& sim, Fields& fields) {
         return add_key(sim.gateway, fields, sim.world.scene().account);
       }},
      {"change_key", [](Sim& sim, Fields& fields) { return change_key(sim.gateway, fields); }},
      {"add_role",
       [](Sim& sim, Fields& fields) {
         return add_role(sim.gateway, fields, sim.world.scene().account);
       }},
      {"set_policy", [](Sim& sim, Fields& fields) { return set_policy(sim.gateway, fields); }},
      {"set_rotation", [](Sim& sim, Fields& fields) { return set_rotation(sim.gateway, fields); }},
      {"issue_key",
       [](Sim& sim, Fields& fields) { return issue_key(sim.gateway, fields, sim.world.now()); }},
  };
  return all;
}

AdminAnswer carry_out(Sim& sim, const json& request) {
  Fields fields = TRY(Fields::of(request, ""));
  const std::optional<std::string> name = TRY(fields.string("do"));
  if (!name.has_value()) {
    return fields.bad_value("do", "the name of an order");
  }
  const auto order = orders().find(*name);
  // All others are the world's own.
  return order == orders().end() ? sim.world.console(request) : order->second(sim, fields);
}

}  // namespace

json admin(World& world, Gateway& gateway, MetadataService& metadata, const json& request) {
  const auto guard = gateway.lock();
  Sim sim{world, gateway, metadata};
  AdminAnswer answer = carry_out(sim, request);
  return answer.ok() ? *std::move(answer) : json{{"error", answer.error().text()}};
}

}  // namespace catena::sim
