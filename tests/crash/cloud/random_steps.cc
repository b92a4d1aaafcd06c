#include "tests/crash/cloud/random_steps.h"

#include <chrono>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "agent/exclusive.h"
#include "tests/crash/cloud/trouble.h"

namespace catena::crash {
namespace {

using base::Status;
using nlohmann::json;
using std::chrono::minutes;

const char* const kCidr = "172.30.1.0/24";

}  // namespace

void RandomSteps::step() {
  disturb(node_.cloud().gateway().faults(), node_.random());
  pods_come_and_go();
  do_a_duty();
}

void RandomSteps::pass_time() {
  if (one_in(4)) {
    node_.sleep(minutes(below(25)));  // past the life of ClientTokens
  }
  if (one_in(12)) {
    somebody_else();
  }
}

void RandomSteps::pods_come_and_go() {
  ipam::Store store = node_.open_store();
  for (int i = below(6); i > 0; --i) {
    const bool dual = node_.pool().ipv6 && one_in(2);
    if (one_in(3)) {
      node_.pods().start_with_eni(store, dual);
    } else {
      node_.pods().start(store, dual);
    }
  }
  for (int i = below(4); i > 0; --i) {
    node_.pods().end_one(store);
  }
  if (one_in(3)) {
    node_.sleep(minutes(11));  // what is idle becomes a surplus
  }
}

void RandomSteps::do_a_duty() {
  ipam::Store store = node_.open_store();
  const std::vector<ipam::Eni> enis = store.cloud().value().enis;
  const ipam::Eni* eni =
      enis.empty() ? nullptr
                   : &enis[static_cast<std::size_t>(below(static_cast<int>(enis.size())))];
  switch (below(20)) {
    case 0:
    case 1:
    case 2:
      return grow_eni();
    case 3:
    case 4:
      return eni == nullptr ? grow_eni() : grow_addresses(*eni);
    case 5:
      return eni == nullptr ? ensure_route() : release_addresses(*eni);
    case 6:
      return eni == nullptr ? grow_eni() : release_eni(*eni);
    case 7:
      return ensure_route();
    case 8:
      return one_in(2) ? remove_route() : ensure_route();
    case 9:
    case 10:
    case 11:
      return grow_pool();
    case 12:
    case 13:
      return keep_pool();
    case 14:
      return sync_pool();
    case 15:
    case 16:
    case 17:
      return grow_exclusive();
    case 18:
      return keep_exclusive();
    default:
      return recover_perhaps_after_a_boot();
  }
}

// In the console, on an ENI of ours.
void RandomSteps::somebody_else() {
  sim::World& world = node_.cloud().world();
  const std::optional<json> request = mischief(world, node_.random());
  if (!request.has_value()) {
    return;
  }
  node_.pods().taken_away(request->value("address", request->value("eni", "")));
  node_.story().tell("in the console: " + request->dump());
  EXPECT_TRUE(world.console(*request).ok()) << request->dump();
}

void RandomSteps::grow_pool() {
  const agent::PoolDemand demand{
      .pods = 1 + below(one_in(3) ? 40 : 6),
      .families = {.ipv4 = true, .ipv6 = node_.pool().ipv6 && one_in(2)}};
  process("pool.grow " + std::to_string(demand.pods), [&](agent::Duty& duty) -> Status {
    TRY(agent::grow_pool(duty, demand));
    return {};
  });
}

void RandomSteps::keep_pool() {
  process("pool.keep", [this](agent::Duty& duty) -> Status {
    agent::PoolMemory memory;
    TRY(agent::keep_pool(duty, below(4), memory));
    return {};
  });
}

void RandomSteps::sync_pool() {
  process("pool.sync", [](agent::Duty& duty) -> Status {
    agent::Recovered synced = TRY(agent::sync_pool(duty));
    return synced.left.empty() ? Status() : Status(synced.left.front());
  });
}

void RandomSteps::grow_exclusive() {
  const agent::EniDemand demand{.enis = 1 + below(2),
                                .families = {.ipv4 = true, .ipv6 = node_.pool().ipv6 && one_in(2)}};
  process("eni.grow " + std::to_string(demand.enis), [&](agent::Duty& duty) -> Status {
    TRY(agent::grow_exclusive(duty, demand));
    return {};
  });
}

void RandomSteps::keep_exclusive() {
  process("eni.keep", [](agent::Duty& duty) -> Status {
    TRY(agent::keep_exclusive(duty));
    return {};
  });
}

void RandomSteps::grow_eni() {
  const agent::GrowRequest request{.eni = {},
                                   .ipv4 = below(4),
                                   .ipv6 = below(3),
                                   .mode = one_in(2) ? "shared" : "exclusive",
                                   .purpose = "test"};
  process("grow-eni", [&](agent::Duty& duty) -> Status {
    TRY(agent::grow(duty, request));
    return {};
  });
}

void RandomSteps::grow_addresses(const ipam::Eni& eni) {
  const agent::GrowRequest request{
      .eni = eni.id, .ipv4 = 1 + below(4), .ipv6 = below(2), .mode = "shared", .purpose = "test"};
  process("grow-addresses " + eni.id, [&](agent::Duty& duty) -> Status {
    TRY(agent::grow(duty, request));
    return {};
  });
}

void RandomSteps::release_addresses(const ipam::Eni& eni) {
  agent::ReleaseRequest request{.eni = eni.id, .addresses = {}};
  for (const ipam::Record& record : node_.open_store().list().value()) {
    if (record.pool == eni.id && record.address != eni.address && one_in(2)) {
      request.addresses.push_back(record.address);
    }
  }
  if (request.addresses.empty()) {
    return;
  }
  process("release-addresses " + eni.id,
          [&](agent::Duty& duty) { return agent::release(duty, request); });
}

void RandomSteps::release_eni(const ipam::Eni& eni) {
  process("release-eni " + eni.id, [&](agent::Duty& duty) {
    return agent::release(duty, {.eni = eni.id, .addresses = {}});
  });
}

void RandomSteps::ensure_route() {
  process("ensure-route", [](agent::Duty& duty) -> Status {
    TRY(agent::ensure_route(duty, {.cidr = base::Prefix::parse(kCidr).value(), .table = {}}));
    return {};
  });
}

void RandomSteps::remove_route() {
  process("remove-route", [](agent::Duty& duty) {
    return agent::remove_route(duty, {.cidr = base::Prefix::parse(kCidr).value(), .table = {}});
  });
}

void RandomSteps::recover_perhaps_after_a_boot() {
  if (one_in(3)) {
    node_.reboot();
  }
  recover();
}

void RandomSteps::recover() {
  process("recover", [](agent::Duty& duty) -> Status {
    agent::Recovered recovered = TRY(agent::recover(duty));
    return recovered.left.empty() ? Status() : Status(recovered.left.front());
  });
}

void RandomSteps::process(const std::string& name, const MortalNode::Work& work) {
  const std::string end = node_.process(name, work);
  totals_.kills += end == "killed" ? 1 : 0;
  ++totals_.steps[name.substr(0, name.find(' ')) + " " + end];
}

}  // namespace catena::crash
