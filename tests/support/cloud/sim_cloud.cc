#include "tests/support/cloud/sim_cloud.h"

namespace catena::test {

SimCloud::SimCloud(const sim::Scene& scene)
    : world_(sim::World::create(scene).value()),
      gateway_(*world_, {.seed = scene.seed, .fastest = Millis(30), .slowest = Millis(300)}),
      metadata_(*world_, gateway_) {
  for (const sim::SceneKey& key : scene.keys) {
    sim::AccessKey added;
    added.id = key.id;
    added.secret = key.secret;
    added.account = scene.account;
    added.policy = sim::RamPolicy::everything();
    gateway_.accounts().add_key(std::move(added));
  }
}

cloud::Credentials SimCloud::credentials() const {
  const sim::SceneKey& key = world_->scene().keys.front();
  return {.key_id = key.id, .secret = key.secret, .token = {}, .expiration = {}};
}

agent::Settings settings_of(const sim::Scene& scene, const sim::SceneInstance& instance,
                            std::uint64_t seed) {
  agent::Settings settings;
  settings.cluster = "c-test";
  settings.instance_id = instance.id;
  settings.instance_type = instance.type;
  settings.vpc_id = scene.vpcs.front().id;
  settings.vswitches = {instance.vswitch};
  settings.security_groups = instance.security_groups;
  settings.seed = seed;
  return settings;
}

}  // namespace catena::test
