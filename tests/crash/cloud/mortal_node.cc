#include "tests/crash/cloud/mortal_node.h"

#include "tests/crash/cloud/trouble.h"

namespace catena::crash {
namespace {

using test::Killed;
using test::Millis;

constexpr Millis kBudget{180'000};

bool uses_blocks(std::uint64_t seed) { return seed % 4 == 0; }

sim::Scene make_scene(std::uint64_t seed) {
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

}  // namespace

MortalNode::MortalNode(std::uint64_t seed, bool tells)
    : random_(seed),
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
      settings_(test::settings_of(scene_, scene_.instances.front(), seed)),
      story_(real_pace_, tells) {
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

int MortalNode::below(int bound) { return crash::below(random_, bound); }

ipam::Store MortalNode::open_store() {
  return {dir_.path() + "/state",
          {.cooling = Millis(0), .clock = &clock_, .boot_id = "boot-" + std::to_string(boot_)}};
}

void MortalNode::reboot() {
  ++boot_;
  pods_.boot();
}

void MortalNode::calm() {
  cloud_.gateway().faults().clear();
  deadly_ = false;
}

std::string MortalNode::process(const std::string& name, const Work& work) {
  story_.tell(name);
  std::string end;
  points_.arm(!deadly_ || one_in(3) ? 0 : 1 + below(one_in(2) ? 20 : 90));
  try {
    const base::Status done = run_duty(work);
    end = done.ok() ? "done" : "failed";
    story_.tell("  " + end + (done.ok() ? "" : ": " + done.error().text()));
  } catch (const Killed& killed) {
    end = "killed";
    story_.tell("  killed " + killed.where);
  }
  points_.disarm();
  return end;
}

base::Status MortalNode::run_duty(const Work& work) {
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
  return work(duty);
}

}  // namespace catena::crash
