// One node lives through random changes of its ENIs, addresses and route entry, its pool grows and
// shrinks with pods that come and go, while it is killed and the cloud fails; whatever happens, no
// pod loses its address, after recovery the cloud holds nothing that the store does not know, and
// the store says what the cloud says. In virtual time.
//
//   CATENA_FULL=1  10,000 lives instead of 200
//   CATENA_SEED=n  the seed of the first, the next ones follow
//   CATENA_LIFE=n  this one alone, which tells its story
#include <algorithm>
#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

#include "agent/exclusive.h"
#include "tests/crash/cloud/differences.h"
#include "tests/crash/cloud/node_pods.h"
#include "tests/crash/cloud/trouble.h"
#include "tests/support/cloud/sim_cloud.h"

namespace catena::crash {
namespace {

using nlohmann::json;
using test::Killed;
using test::Millis;

constexpr int kSteps = 8;
constexpr Millis kBudget{180'000};
const char* const kCidr = "172.30.1.0/24";

enum class Recovery { kOn, kOff };

struct Totals {
  std::map<std::string, int> steps;  // by what came of them
  int kills = 0;
  int requests = 0;
  int own_enis = 0;  // pods that got one
};

class Life {
 public:
  Life(std::uint64_t seed, Recovery recovery, bool tells)
      : random_(seed),
        recovery_(recovery),
        tells_(tells),
        scene_(make_scene(seed)),
        cloud_(scene_),
        real_pace_(cloud_.world(), cloud_.gateway()),
        pace_(real_pace_, points_),
        clock_(real_pace_, points_),
        sim_transport_(cloud_.world(), cloud_.gateway(), cloud_.metadata(), real_pace_,
                       scene_.instances.front().id),
        transport_(sim_transport_, points_),
        keys_(cloud_.credentials()),
        metadata_(transport_, pace_),
        settings_(test::settings_of(scene_, scene_.instances.front(), seed)) {
    agent::PoolSettings& pool = settings_.pool;
    pool.min_idle = below(4);
    pool.max_idle = pool.min_idle + below(6);
    pool.max_enis = below(4);
    pool.ipv6 = one_in(3);
    pool.use_prefixes = uses_blocks(seed);
    pool.ipv6_prefixes = pool.use_prefixes && one_in(2) ? 1 : 0;
    pool.idle_enis.min = below(2);
    pool.idle_enis.max = pool.idle_enis.min + below(2);
  }

  // What is wrong at the end; empty: nothing.
  std::vector<std::string> run(Totals& totals) {
    std::vector<std::string> wronged;
    for (int i = 0; i < kSteps; ++i) {
      disturb(cloud_.gateway().faults(), random_);
      pods_come_and_go();
      step(totals);
      ipam::Store store = open_store();
      std::ranges::move(pods_.wronged(cloud_.world(), store), std::back_inserter(wronged));
      if (one_in(4)) {
        real_pace_.sleep(std::chrono::minutes(below(25)));  // past the life of ClientTokens
      }
      if (one_in(12)) {
        somebody_else();
      }
    }
    calm();
    ipam::Store ending = open_store();
    pods_.end_all(ending);
    std::vector<std::string> wrong = recovery_ == Recovery::kOn ? recover() : no_recovery();
    real_pace_.sleep(std::chrono::minutes(1));
    ipam::Store store = open_store();
    std::ranges::move(differences(cloud_.world(), store), std::back_inserter(wrong));
    std::ranges::move(wronged, std::back_inserter(wrong));
    totals.own_enis += pods_.with_own_eni();
    for (const auto& [action, count] : cloud_.gateway().counts()) {
      totals.requests += static_cast<int>(count.calls);
    }
    return wrong;
  }

 private:
  static bool uses_blocks(std::uint64_t seed) { return seed % 4 == 0; }

  static sim::Scene make_scene(std::uint64_t seed) {
    sim::Scene scene = sim::default_scene(2);
    if (uses_blocks(seed)) {
      scene.vswitches.front().prefix_reservations = {
          base::Prefix::parse("192.168.8.0/25").value(),
          base::Prefix::parse("2001:db8:1234:1a00:8000::/65").value()};
    }
    scene.seed = seed;
    scene.faults.attach_fails_percent = static_cast<int>(seed % 3) * 10;
    scene.faults.detach_sticks_percent = static_cast<int>(seed / 3 % 3) * 10;
    scene.faults.delete_sticks_percent = static_cast<int>(seed / 9 % 3) * 10;
    return scene;
  }

  int below(int bound) { return crash::below(random_, bound); }
  bool one_in(int n) { return below(n) == 0; }
  void tell(const std::string& line) {
    if (tells_) {
      std::printf("%8lld ms  %s\n", static_cast<long long>(real_pace_.elapsed().count()),
                  line.c_str());
    }
  }

  ipam::Store open_store() {
    return {dir_.path() + "/state",
            {.cooling = Millis(0), .clock = &clock_, .boot_id = "boot-" + std::to_string(boot_)}};
  }

  // In the console, on an ENI of ours.
  void somebody_else() {
    const std::optional<json> request = mischief(cloud_.world(), random_);
    if (!request.has_value()) {
      return;
    }
    pods_.taken_away(request->value("address", request->value("eni", "")));
    tell("in the console: " + request->dump());
    EXPECT_TRUE(cloud_.world().console(*request).ok()) << request->dump();
  }

  void calm() {
    cloud_.gateway().faults().clear();
    deadly_ = false;
  }

  // A new process: everything it knew is in the store.
  template <typename Work>
  void process(const std::string& name, Totals& totals, const Work& work) {
    tell(name);
    std::string end;
    points_.arm(!deadly_ || one_in(3) ? 0 : 1 + below(one_in(2) ? 20 : 90));
    try {
      cloud::ClientOptions options;
      options.endpoints.region = scene_.region;
      options.seed = random_();
      cloud::Client client(transport_, pace_, keys_, nullptr, options);
      ipam::Store store = open_store();
      agent::Duty duty(store, client, settings_, kBudget);
      duty.ask_also(&metadata_, {});
      duty.look_for_nics([this](const base::Mac& nic) -> base::Result<bool> {
        return pods_.is_at_home(cloud_.world(), settings_.instance_id, nic);
      });
      const base::Status done = work(duty);
      end = done.ok() ? "done" : "failed";
      tell("  " + end + (done.ok() ? "" : ": " + done.error().text()));
    } catch (const Killed& killed) {
      end = "killed";
      ++totals.kills;
      tell("  killed " + killed.where);
    }
    points_.disarm();
    ++totals.steps[name.substr(0, name.find(' ')) + " " + end];
  }

  void step(Totals& totals) {
    ipam::Store store = open_store();
    const std::vector<ipam::Eni> enis = store.cloud().value().enis;
    const ipam::Eni* eni =
        enis.empty() ? nullptr
                     : &enis[static_cast<std::size_t>(below(static_cast<int>(enis.size())))];
    switch (below(20)) {
      case 0:
      case 1:
      case 2:
        return grow_eni(totals);
      case 3:
      case 4:
        return eni == nullptr ? grow_eni(totals) : grow_addresses(*eni, totals);
      case 5:
        return eni == nullptr ? ensure_route(totals) : release_addresses(*eni, totals);
      case 6:
        return eni == nullptr ? grow_eni(totals) : release_eni(*eni, totals);
      case 7:
        return ensure_route(totals);
      case 8:
        return one_in(2) ? remove_route(totals) : ensure_route(totals);
      case 9:
      case 10:
      case 11:
        return grow_pool(totals);
      case 12:
      case 13:
        return keep_pool(totals);
      case 14:
        return sync_pool(totals);
      case 15:
      case 16:
      case 17:
        return grow_exclusive(totals);
      case 18:
        return keep_exclusive(totals);
      default:
        if (one_in(3)) {
          ++boot_;
          pods_.boot();
        }
        return recover_once(totals);
    }
  }

  void pods_come_and_go() {
    ipam::Store store = open_store();
    for (int i = below(6); i > 0; --i) {
      const bool dual = settings_.pool.ipv6 && one_in(2);
      if (one_in(3)) {
        pods_.start_with_eni(store, dual);
      } else {
        pods_.start(store, dual);
      }
    }
    for (int i = below(4); i > 0; --i) {
      pods_.end_one(store);
    }
    if (one_in(3)) {
      real_pace_.sleep(std::chrono::minutes(11));  // what is idle becomes a surplus
    }
  }

  void grow_pool(Totals& totals) {
    const agent::PoolDemand demand{
        .pods = 1 + below(one_in(3) ? 40 : 6),
        .families = {.ipv4 = true, .ipv6 = settings_.pool.ipv6 && one_in(2)}};
    process("pool.grow " + std::to_string(demand.pods), totals,
            [&](agent::Duty& duty) -> base::Status {
              TRY(agent::grow_pool(duty, demand));
              return {};
            });
  }

  void keep_pool(Totals& totals) {
    process("pool.keep", totals, [&](agent::Duty& duty) -> base::Status {
      agent::PoolMemory memory;
      TRY(agent::keep_pool(duty, below(4), memory));
      return {};
    });
  }

  void grow_exclusive(Totals& totals) {
    const agent::EniDemand demand{
        .enis = 1 + below(2), .families = {.ipv4 = true, .ipv6 = settings_.pool.ipv6 && one_in(2)}};
    process("eni.grow " + std::to_string(demand.enis), totals,
            [&](agent::Duty& duty) -> base::Status {
              TRY(agent::grow_exclusive(duty, demand));
              return {};
            });
  }

  void keep_exclusive(Totals& totals) {
    process("eni.keep", totals, [&](agent::Duty& duty) -> base::Status {
      TRY(agent::keep_exclusive(duty));
      return {};
    });
  }

  void sync_pool(Totals& totals) {
    process("pool.sync", totals, [&](agent::Duty& duty) -> base::Status {
      agent::Recovered synced = TRY(agent::sync_pool(duty));
      return synced.left.empty() ? base::Status() : base::Status(synced.left.front());
    });
  }

  void grow_eni(Totals& totals) {
    const agent::GrowRequest request{.eni = {},
                                     .ipv4 = below(4),
                                     .ipv6 = below(3),
                                     .mode = one_in(2) ? "shared" : "exclusive",
                                     .purpose = "test"};
    process("grow-eni", totals, [&](agent::Duty& duty) -> base::Status {
      TRY(agent::grow(duty, request));
      return {};
    });
  }

  void grow_addresses(const ipam::Eni& eni, Totals& totals) {
    const agent::GrowRequest request{
        .eni = eni.id, .ipv4 = 1 + below(4), .ipv6 = below(2), .mode = "shared", .purpose = "test"};
    process("grow-addresses " + eni.id, totals, [&](agent::Duty& duty) -> base::Status {
      TRY(agent::grow(duty, request));
      return {};
    });
  }

  void release_addresses(const ipam::Eni& eni, Totals& totals) {
    agent::ReleaseRequest request{.eni = eni.id, .addresses = {}};
    for (const ipam::Record& record : open_store().list().value()) {
      if (record.pool == eni.id && record.address != eni.address && one_in(2)) {
        request.addresses.push_back(record.address);
      }
    }
    if (request.addresses.empty()) {
      return;
    }
    process("release-addresses " + eni.id, totals,
            [&](agent::Duty& duty) { return agent::release(duty, request); });
  }

  void release_eni(const ipam::Eni& eni, Totals& totals) {
    process("release-eni " + eni.id, totals, [&](agent::Duty& duty) {
      return agent::release(duty, {.eni = eni.id, .addresses = {}});
    });
  }

  void ensure_route(Totals& totals) {
    process("ensure-route", totals, [&](agent::Duty& duty) -> base::Status {
      TRY(agent::ensure_route(duty, {.cidr = base::Prefix::parse(kCidr).value(), .table = {}}));
      return {};
    });
  }

  void remove_route(Totals& totals) {
    process("remove-route", totals, [&](agent::Duty& duty) {
      return agent::remove_route(duty, {.cidr = base::Prefix::parse(kCidr).value(), .table = {}});
    });
  }

  void recover_once(Totals& totals) {
    process("recover", totals, [](agent::Duty& duty) -> base::Status {
      agent::Recovered recovered = TRY(agent::recover(duty));
      return recovered.left.empty() ? base::Status() : base::Status(recovered.left.front());
    });
  }

  // As the daemon or an admin would: again and again, in a cloud that works.
  std::vector<std::string> recover() {
    std::vector<std::string> left;
    for (int i = 0; i < 5; ++i) {
      left.clear();
      Totals ignored;
      process("recover at the end", ignored, [&](agent::Duty& duty) -> base::Status {
        agent::Recovered recovered = TRY(agent::sync_pool(duty));
        std::ranges::move(TRY(agent::recover(duty)).left, std::back_inserter(recovered.left));
        for (const std::string& line : recovered.done) {
          tell("  " + line);
        }
        for (const base::Error& error : recovered.left) {
          left.push_back("not recovered: " + error.text());
          tell("  " + left.back());
        }
        return {};
      });
      if (left.empty()) {
        return left;
      }
      real_pace_.sleep(std::chrono::minutes(3));
    }
    return left;
  }

  std::vector<std::string> no_recovery() {
    real_pace_.sleep(std::chrono::minutes(3));
    return {};
  }

  std::mt19937_64 random_;
  Recovery recovery_;
  bool tells_;
  sim::Scene scene_;
  test::SimCloud cloud_;
  sim::VirtualPace real_pace_;
  test::KillPoints points_;
  test::MortalPace pace_;
  test::MortalClock clock_;
  sim::SimTransport sim_transport_;
  test::MortalTransport transport_;
  test::FixedKeys keys_;
  cloud::Metadata metadata_;
  agent::Settings settings_;
  NodePods pods_;
  test::TempDir dir_;
  int boot_ = 1;
  bool deadly_ = true;
};

std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += "\n  " + line;
  }
  return text;
}

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(CloudRandom, WhateverIsKilledOrFailsIsMendedByRecovery) {
  const std::uint64_t one = number_in("CATENA_LIFE", 0);
  if (one != 0) {
    Totals totals;
    const auto wrong = Life(one, Recovery::kOn, true).run(totals);
    EXPECT_TRUE(wrong.empty()) << text_of(wrong);
    return;
  }
  const bool full = number_in("CATENA_FULL", 0) == 1;
  const std::uint64_t runs = full ? 10'000 : 200;
  const std::uint64_t first = number_in("CATENA_SEED", 1 + std::random_device()() % 1'000'000);
  std::printf("%llu runs, seeds from %llu\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(first));
  Totals totals;
  int failed = 0;
  for (std::uint64_t seed = first; seed < first + runs && failed < 5; ++seed) {
    const auto wrong = Life(seed, Recovery::kOn, false).run(totals);
    failed += wrong.empty() ? 0 : 1;
    if ((seed - first + 1) % 1'000 == 0) {
      std::printf("%llu runs done\n", static_cast<unsigned long long>(seed - first + 1));
      std::fflush(stdout);
    }
    EXPECT_TRUE(wrong.empty()) << "CATENA_LIFE=" << seed << text_of(wrong);
  }
  std::printf("%d kills, %d requests, %d pods with an ENI of their own; steps:", totals.kills,
              totals.requests, totals.own_enis);
  for (const auto& [what, count] : totals.steps) {
    std::printf(" %s %d,", what.c_str(), count);
  }
  std::printf("\n");
  EXPECT_GT(totals.own_enis, 0);
}

// The test itself would notice.
TEST(CloudRandom, WithoutRecoveryThingsAreLeft) {
  Totals totals;
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    found += Life(seed, Recovery::kOff, false).run(totals).empty() ? 0 : 1;
  }
  EXPECT_GT(found, 5);
}

}  // namespace
}  // namespace catena::crash
