#include <limits>

#include <nlohmann/json.hpp>

#include "sim/world/scene_fields.h"

namespace catena::sim {
namespace {

using base::Fields;
using base::Result;
using base::Status;

constexpr std::int64_t kNodesMost = 1000;
constexpr std::int64_t kMostOfAnything = 1'000'000;

Result<std::string> text_or(Fields& fields, std::string_view key, const std::string& otherwise) {
  return TRY(fields.string(key)).value_or(otherwise);
}

Result<std::string> required_text(Fields& fields, std::string_view key) {
  const auto given = TRY(fields.string(key));
  if (!given || given->empty()) {
    return fields.bad_value(key, "a text");
  }
  return *given;
}

Result<Tags> tags(Fields& fields) { return TRY(fields.string_map("tags")).value_or(Tags()); }

Result<std::vector<std::string>> texts_or(Fields& fields, std::string_view key,
                                          const std::vector<std::string>& otherwise) {
  return TRY(fields.strings(key)).value_or(otherwise);
}

Result<int> int_or(Fields& fields, std::string_view key, std::int64_t most, int otherwise) {
  return static_cast<int>(TRY(fields.integer(key, 0, most)).value_or(otherwise));
}

Result<bool> bool_or(Fields& fields, std::string_view key, bool otherwise) {
  return TRY(fields.boolean(key)).value_or(otherwise);
}

Result<base::Prefix> required_network(Fields& fields, std::string_view key) {
  const auto given = TRY(fields.network(key));
  if (!given || !given->is_v4()) {
    return fields.bad_value(key, "an IPv4 block such as 192.168.0.0/16");
  }
  return *given;
}

Result<std::optional<base::Prefix>> ipv6_network(Fields& fields, std::string_view key) {
  const auto given = TRY(fields.network(key));
  if (given && given->is_v4()) {
    return fields.bad_value(key, "an IPv6 block such as 2001:db8:1234:1a00::/64");
  }
  return given;
}

std::string first_vpc(const Scene& scene) {
  return scene.vpcs.empty() ? "" : scene.vpcs.front().id;
}

std::vector<std::string> groups_of(const Scene& scene, const std::string& vswitch) {
  std::vector<std::string> ids;
  for (const SceneVSwitch& candidate : scene.vswitches) {
    for (const SceneSecurityGroup& group : scene.security_groups) {
      if (candidate.id == vswitch && candidate.vpc == group.vpc) {
        ids.push_back(group.id);
      }
    }
  }
  return ids;
}

Result<SceneVpc> read_vpc(Fields fields, const Scene& /*scene*/) {
  SceneVpc vpc;
  vpc.id = TRY(required_text(fields, "id"));
  vpc.name = TRY(text_or(fields, "name", vpc.id));
  vpc.cidr = TRY(required_network(fields, "cidr"));
  vpc.ipv6_cidr = TRY(ipv6_network(fields, "ipv6Cidr"));
  vpc.custom_tables = TRY(texts_or(fields, "customRouteTables", {}));
  vpc.tags = TRY(tags(fields));
  TRY(fields.no_unknown_keys());
  return vpc;
}

Result<SceneVSwitch> read_vswitch(Fields fields, const Scene& scene) {
  SceneVSwitch vswitch;
  vswitch.id = TRY(required_text(fields, "id"));
  vswitch.name = TRY(text_or(fields, "name", vswitch.id));
  vswitch.vpc = TRY(text_or(fields, "vpc", first_vpc(scene)));
  vswitch.zone = TRY(required_text(fields, "zone"));
  vswitch.cidr = TRY(required_network(fields, "cidr"));
  vswitch.ipv6_cidr = TRY(ipv6_network(fields, "ipv6Cidr"));
  vswitch.prefix_reservations =
      TRY(fields.networks("prefixReservations")).value_or(std::vector<base::Prefix>());
  vswitch.taken = TRY(int_or(fields, "taken", kMostOfAnything, 0));
  vswitch.pending = TRY(bool_or(fields, "pending", false));
  vswitch.tags = TRY(tags(fields));
  TRY(fields.no_unknown_keys());
  return vswitch;
}

Result<SceneSecurityGroup> read_group(Fields fields, const Scene& scene) {
  SceneSecurityGroup group;
  group.id = TRY(required_text(fields, "id"));
  group.vpc = TRY(text_or(fields, "vpc", first_vpc(scene)));
  const auto type = TRY(fields.one_of("type", {"basic", "enterprise"}));
  group.enterprise = type.value_or("basic") == "enterprise";
  TRY(fields.no_unknown_keys());
  return group;
}

Result<SceneInstance> read_listed_instance(Fields fields, const Scene& scene) {
  return read_instance(std::move(fields), scene);
}

Result<SceneEni> read_eni(Fields fields, const Scene& scene) {
  SceneEni eni;
  eni.id = TRY(required_text(fields, "id"));
  eni.name = TRY(text_or(fields, "name", ""));
  eni.description = TRY(text_or(fields, "description", ""));
  eni.vswitch = TRY(required_text(fields, "vswitch"));
  eni.security_groups = TRY(texts_or(fields, "securityGroups", groups_of(scene, eni.vswitch)));
  eni.service_managed = TRY(bool_or(fields, "serviceManaged", false));
  eni.tags = TRY(tags(fields));
  TRY(fields.no_unknown_keys());
  return eni;
}

Result<InstanceType> read_type(Fields fields, const Scene& /*scene*/) {
  InstanceType type;
  type.id = TRY(required_text(fields, "id"));
  type.cores = TRY(int_or(fields, "cores", 1024, 4));
  type.memory_gib = TRY(int_or(fields, "memoryGib", 65536, 16));
  type.enis = TRY(int_or(fields, "enis", 1000, type.enis));
  type.total_enis = TRY(int_or(fields, "totalEnis", 1000, type.enis));
  type.ipv4_per_eni = TRY(int_or(fields, "ipv4PerEni", 1000, type.ipv4_per_eni));
  type.ipv6_per_eni = TRY(int_or(fields, "ipv6PerEni", 1000, type.ipv6_per_eni));
  type.trunk = TRY(bool_or(fields, "trunk", type.total_enis > type.enis));
  type.jumbo = TRY(bool_or(fields, "jumbo", false));
  type.hot_plug = TRY(bool_or(fields, "hotPlug", true));
  type.bandwidth_kbps = TRY(int_or(fields, "bandwidthKbps", 1'000'000'000, 3'072'000));
  type.queues_per_eni = TRY(int_or(fields, "queuesPerEni", 64, type.cores));
  TRY(fields.no_unknown_keys());
  return type;
}

Result<SceneKey> read_key(Fields fields, const Scene& /*scene*/) {
  SceneKey key;
  key.id = TRY(required_text(fields, "id"));
  key.secret = TRY(required_text(fields, "secret"));
  key.user = TRY(text_or(fields, "user", ""));
  key.enabled = TRY(bool_or(fields, "enabled", true));
  key.allow = TRY(texts_or(fields, "allow", key.allow));
  key.deny = TRY(texts_or(fields, "deny", {}));
  TRY(fields.no_unknown_keys());
  return key;
}

Result<SceneRole> read_role(Fields fields, const Scene& /*scene*/) {
  SceneRole role;
  role.name = TRY(required_text(fields, "name"));
  role.allow = TRY(texts_or(fields, "allow", role.allow));
  role.deny = TRY(texts_or(fields, "deny", {}));
  role.oidc_provider = TRY(text_or(fields, "oidcProvider", ""));
  role.session_seconds = TRY(int_or(fields, "sessionSeconds", 43200, role.session_seconds));
  TRY(fields.no_unknown_keys());
  return role;
}

// A list that is given replaces what was there.
template <typename T>
Status read_list(Fields& fields, std::string_view key, const Scene& scene, std::vector<T>& list,
                 Result<T> (*read)(Fields, const Scene&)) {
  auto entries = TRY(fields.objects(key));
  if (!entries) {
    return {};
  }
  std::vector<T> made;
  for (Fields& entry : *entries) {
    made.push_back(TRY(read(entry, scene)));
  }
  list = std::move(made);
  return {};
}

Status read_network(Fields& fields, Scene& scene) {
  TRY(read_list(fields, "vpcs", scene, scene.vpcs, read_vpc));
  if (fields.raw("vpcs") != nullptr) {
    if (scene.vpcs.empty()) {
      return fields.bad_value("vpcs", "at least one VPC");
    }
    scene.vswitches.clear();
    scene.security_groups.clear();
  }
  TRY(read_list(fields, "vswitches", scene, scene.vswitches, read_vswitch));
  return read_list(fields, "securityGroups", scene, scene.security_groups, read_group);
}

Status read_rates(Fields& fields, Scene& scene) {
  auto rates = TRY(fields.object("rates"));
  if (!rates) {
    return {};
  }
  for (const std::string& action : rates->keys()) {
    const int rate = TRY(int_or(*rates, action, kMostOfAnything, 0));
    if (action == "default") {
      scene.default_rate = rate;
    } else {
      scene.rates[action] = rate;
    }
  }
  return {};
}

Status read_start(Fields& fields, Scene& scene) {
  // 9999-12-31, as far as the cloud's timestamps reach.
  const auto seconds = TRY(fields.integer("startSeconds", 0, 253'402'300'799));
  if (seconds) {
    scene.start = std::chrono::sys_time<Millis>(std::chrono::seconds{*seconds});
  }
  return {};
}

Status read_account(Fields& fields, Scene& scene) {
  scene.region = TRY(text_or(fields, "region", scene.region));
  scene.account = TRY(text_or(fields, "account", scene.account));
  if (scene.account.empty() || scene.account.size() > 18 ||
      scene.account.find_first_not_of("0123456789") != std::string::npos) {
    return fields.bad_value("account", "up to 18 digits");
  }
  const auto seed = TRY(fields.integer("seed", 0, std::numeric_limits<std::int64_t>::max()));
  scene.seed = static_cast<std::uint64_t>(seed.value_or(1));
  return read_start(fields, scene);
}

Status read_defaults(Fields& fields, Scene& scene) {
  auto given = TRY(fields.object("defaults"));
  if (!given) {
    return {};
  }
  SceneDefaults& defaults = scene.defaults;
  defaults.delete_on_release = TRY(bool_or(*given, "deleteOnRelease", defaults.delete_on_release));
  defaults.source_dest_check = TRY(bool_or(*given, "sourceDestCheck", defaults.source_dest_check));
  return given->no_unknown_keys();
}

}  // namespace

Result<SceneInstance> read_instance(Fields fields, const Scene& scene) {
  SceneInstance instance;
  instance.id = TRY(required_text(fields, "id"));
  instance.name = TRY(text_or(fields, "name", instance.id));
  instance.type = TRY(text_or(fields, "type", "ecs.g7.xlarge"));
  instance.vswitch = TRY(required_text(fields, "vswitch"));
  instance.private_ip = TRY(fields.address("privateIp"));
  if (instance.private_ip && !instance.private_ip->is_v4()) {
    return fields.bad_value("privateIp", "an IPv4 address");
  }
  instance.ipv6 = TRY(bool_or(fields, "ipv6", false));
  instance.security_groups =
      TRY(texts_or(fields, "securityGroups", groups_of(scene, instance.vswitch)));
  instance.running = TRY(fields.one_of("state", {"Running", "Stopped"})) != "Stopped";
  instance.role = TRY(text_or(fields, "role", ""));
  instance.netns = TRY(text_or(fields, "netns", "sim-" + instance.name));
  instance.metadata_enabled = TRY(bool_or(fields, "metadataEnabled", true));
  instance.metadata_tokens_required =
      TRY(fields.one_of("metadataTokens", {"optional", "required"})) == "required";
  instance.jumbo = TRY(bool_or(fields, "jumbo", false));
  instance.tags = TRY(tags(fields));
  TRY(fields.no_unknown_keys());
  return instance;
}

Result<Scene> parse_scene(const nlohmann::json& json) {
  Fields fields = TRY(Fields::of(json, ""));
  Scene scene = default_scene(0);
  TRY(read_account(fields, scene));
  TRY(read_network(fields, scene));
  TRY(read_list(fields, "instanceTypes", scene, scene.instance_types, read_type));
  TRY(read_list(fields, "keys", scene, scene.keys, read_key));
  TRY(read_list(fields, "roles", scene, scene.roles, read_role));
  TRY(read_list(fields, "instances", scene, scene.instances, read_listed_instance));
  TRY(read_list(fields, "enis", scene, scene.enis, read_eni));
  TRY(read_settings(fields, scene));
  TRY(read_defaults(fields, scene));
  TRY(read_rates(fields, scene));
  const auto instant = TRY(fields.boolean("instant"));
  const int nodes = TRY(int_or(fields, "nodes", kNodesMost, 0));
  const std::string type = TRY(text_or(fields, "nodeType", "ecs.g7.xlarge"));
  TRY(fields.no_unknown_keys());
  if (nodes > 0 && scene.vswitches.empty()) {
    return fields.bad_value("nodes", "0 where there is no vSwitch");
  }
  add_nodes(scene, nodes, type);
  if (instant.value_or(false)) {
    make_instant(scene);
  }
  return scene;
}

}  // namespace catena::sim
