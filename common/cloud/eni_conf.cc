#include "common/cloud/eni_conf.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/eni_conf_refused.h"
#include "common/cloud/loose_fields.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using base::Status;

constexpr std::size_t kMostSecurityGroups = 10;  // what Terway takes; an account may have less
constexpr std::size_t kMostTags = 17;            // of 20 a resource may have; three are our own
constexpr std::size_t kMostTagBytes = 128;
constexpr std::size_t kMostNamePrefix = 64;  // of 128 that an ENI's name may have
constexpr int kMostAddresses = 4096;         // what a pool of the store remembers
constexpr int kMostEnis = 128;               // no instance type has more than 32
constexpr int kMostPrefixes = 49;            // that an ENI may hold

bool is_id(std::string_view text) {
  const auto belongs = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, belongs);
}

Result<std::string> read_id(Fields& fields, std::string_view key, std::string_view like) {
  std::string id = TRY(loose_text(fields, key)).value_or("");
  if (!id.empty() && !is_id(id)) {
    return fields.bad_value(key, "an id like \"" + std::string(like) + "\"");
  }
  return id;
}

// The errors of base::Fields show what was found, which here may be a secret.
Result<std::string> read_secret(Fields& fields, const nlohmann::json& json, std::string_view key) {
  fields.ignore(key);
  Result<std::string> text = secret_text(json, key);
  return text.ok() ? std::move(text) : std::move(text).error().as(ErrorKind::kBadConfig);
}

Status read_credentials(Fields& fields, const nlohmann::json& json, EniConf& conf) {
  Credentials keys;
  keys.key_id = TRY(read_secret(fields, json, "access_key"));
  keys.secret = TRY(read_secret(fields, json, "access_secret"));
  conf.credential_path = TRY(loose_text(fields, "credential_path")).value_or("");
  if (!conf.credential_path.empty()) {
    TRY(fields.absolute_path("credential_path"));
  }
  if (keys.key_id.empty() != keys.secret.empty()) {
    const std::string missing = keys.secret.empty() ? "access_secret" : "access_key";
    const std::string there = keys.secret.empty() ? "access_key" : "access_secret";
    return Error(ErrorKind::kBadConfig, missing + ": empty or missing, but " + there + " is set")
        .advice("set both, or neither to use the instance's RAM role");
  }
  if (keys.key_id.empty()) {
    return {};
  }
  Result<Credentials> valid = checked(std::move(keys));
  if (!valid.ok()) {
    return std::move(valid).error().as(ErrorKind::kBadConfig).context("access_key, access_secret");
  }
  conf.credentials = std::move(valid).value();
  if (!conf.credential_path.empty()) {
    conf.notices.emplace_back("credential_path is not used: access_key comes first");
  }
  return {};
}

Status read_service_cidrs(Fields& fields, EniConf& conf) {
  const std::string text = TRY(loose_text(fields, "service_cidr")).value_or("");
  if (text.empty()) {
    return {};
  }
  for (const std::string_view piece : base::split(text, ',')) {
    const Result<base::Prefix> prefix = base::Prefix::parse(base::trim(piece));
    if (!prefix.ok() || prefix->has_host_bits()) {
      return fields.bad_value("service_cidr",
                              "networks without host bits, parted by commas, like "
                              "\"172.21.0.0/20,fd00:21::/112\"");
    }
    conf.service_cidrs.push_back(*prefix);
  }
  return {};
}

Status read_vswitches(Fields& fields, EniConf& conf) {
  std::optional<Fields> zones = TRY(fields.object("vswitches"));
  std::set<std::string> seen;
  for (const std::string& zone : zones ? zones->keys() : std::vector<std::string>()) {
    std::vector<std::string> ids = TRY(zones->strings(zone)).value_or(std::vector<std::string>());
    if (!is_id(zone) || ids.empty() || !std::ranges::all_of(ids, is_id)) {
      return zones->bad_value(zone,
                              R"(ids of vSwitches by zone, like {"cn-hangzhou-i": ["vsw-1"]})");
    }
    for (const std::string& id : ids) {
      if (!seen.insert(id).second) {
        return Error(ErrorKind::kBadConfig, zones->path_of(zone) + ": \"" + id +
                                                "\" is named twice; a vSwitch is in one zone");
      }
    }
    conf.vswitches.emplace(zone, std::move(ids));
  }
  return {};
}

Status read_security_groups(Fields& fields, EniConf& conf) {
  std::vector<std::string> groups =
      TRY(fields.strings("security_groups")).value_or(std::vector<std::string>());
  if (std::string one = TRY(loose_text(fields, "security_group")).value_or(""); !one.empty()) {
    groups.push_back(std::move(one));
  }
  for (std::string& group : groups) {
    if (!is_id(group)) {
      return fields.bad_value(
          fields.raw("security_groups") == nullptr ? "security_group" : "security_groups",
          "ids of security groups, like \"sg-bp1example\"");
    }
    if (std::ranges::find(conf.security_groups, group) == conf.security_groups.end()) {
      conf.security_groups.push_back(std::move(group));
    }
  }
  if (conf.security_groups.size() > kMostSecurityGroups) {
    return Error(ErrorKind::kBadConfig, "security_groups: an ENI is in " +
                                            std::to_string(kMostSecurityGroups) +
                                            " security groups at most, got " +
                                            std::to_string(conf.security_groups.size()));
  }
  return {};
}

// The rules of the tag service.
const char* wrong_with_tag(std::string_view key, std::string_view value) {
  const auto is_link = [](std::string_view text) {
    return text.find("http://") != std::string_view::npos ||
           text.find("https://") != std::string_view::npos;
  };
  if (key.empty() || key.size() > kMostTagBytes || value.size() > kMostTagBytes) {
    return "key and value of 128 bytes at most, the key not empty";
  }
  if (key.starts_with("aliyun") || key.starts_with("acs:")) {
    return "a key that does not begin with \"aliyun\" or \"acs:\", which the cloud keeps for "
           "itself";
  }
  return is_link(key) || is_link(value) ? "key and value without http:// and https://" : nullptr;
}

Status read_tags(Fields& fields, EniConf& conf) {
  conf.eni_tags = TRY(fields.string_map("eni_tags")).value_or(TagList());
  for (const auto& [key, value] : conf.eni_tags) {
    if (const char* expected = wrong_with_tag(key, value); expected != nullptr) {
      return Error(ErrorKind::kBadConfig,
                   "eni_tags." + key.substr(0, kMostTagBytes) + ": expected " + expected);
    }
  }
  if (conf.eni_tags.size() > kMostTags) {
    return Error(ErrorKind::kBadConfig, "eni_tags: " + std::to_string(kMostTags) +
                                            " tags at most, got " +
                                            std::to_string(conf.eni_tags.size()));
  }
  return {};
}

Status read_name_prefix(Fields& fields, EniConf& conf) {
  conf.eni_name_prefix = TRY(loose_text(fields, "prefix")).value_or("");
  const auto belongs = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == ':' || c == '_' || c == '-';
  };
  const std::string& name = conf.eni_name_prefix;
  if (!name.empty() && (std::isalpha(static_cast<unsigned char>(name.front())) == 0 ||
                        name.size() > kMostNamePrefix || !std::ranges::all_of(name, belongs))) {
    return fields.bad_value("prefix",
                            "a letter, then letters, digits, '.', ':', '_' and '-', 64 at most");
  }
  return {};
}

Status read_policies(Fields& fields, EniConf& conf) {
  const auto policy_at = [&](std::string_view key,
                             const std::vector<std::string_view>& allowed) -> Result<std::string> {
    const bool given = TRY(loose_text(fields, key)).has_value();
    return given ? TRY(fields.one_of(key, allowed)).value_or("") : std::string();
  };
  const std::string vswitch =
      TRY(policy_at("vswitch_selection_policy", {"random", "ordered", "most"}));
  if (vswitch == "ordered") {
    conf.vswitch_policy = VSwitchPolicy::kOrdered;
    conf.notices.emplace_back(
        "vswitch_selection_policy \"ordered\" takes vSwitches in the order written; Terway took "
        "the one with most available addresses first, which is \"most\" here");
  } else if (vswitch == "most") {
    conf.vswitch_policy = VSwitchPolicy::kMost;
  }
  const std::string eni = TRY(policy_at("eni_selection_policy", {"most_ips", "least_ips"}));
  conf.eni_policy = eni == "least_ips" ? EniPolicy::kLeastIps : EniPolicy::kMostIps;
  const std::string stack = TRY(policy_at("ip_stack", {"ipv4", "dual"}));
  conf.ip_stack = stack == "dual" ? IpStack::kDual : IpStack::kIpv4;
  return {};
}

Status read_pool(Fields& fields, EniConf& conf) {
  const std::optional<int> most = TRY(loose_integer(fields, "max_pool_size", 0, kMostAddresses));
  conf.min_pool_size =
      TRY(loose_integer(fields, "min_pool_size", 0, kMostAddresses)).value_or(conf.min_pool_size);
  conf.max_pool_size = most.value_or(std::max(conf.max_pool_size, conf.min_pool_size));
  if (conf.min_pool_size > conf.max_pool_size) {
    return Error(ErrorKind::kBadConfig, "min_pool_size: " + std::to_string(conf.min_pool_size) +
                                            " is more than max_pool_size (" +
                                            std::to_string(conf.max_pool_size) + ")");
  }
  conf.warm_up_size =
      TRY(loose_integer(fields, "ip_warm_up_size", 0, kMostAddresses)).value_or(conf.warm_up_size);
  conf.pool_sync_period =
      TRY(loose_duration(fields, "ip_pool_sync_period")).value_or(conf.pool_sync_period);
  return {};
}

Status read_reclaim(Fields& fields, EniConf& conf) {
  IdleReclaim& reclaim = conf.idle_reclaim;
  reclaim.after = TRY(loose_duration(fields, "idle_ip_reclaim_after")).value_or(reclaim.after);
  const std::optional<int> batch =
      TRY(loose_integer(fields, "idle_ip_reclaim_batch_size", 1, kMostAddresses));
  const auto interval = TRY(loose_duration(fields, "idle_ip_reclaim_interval"));
  const std::optional<double> jitter =
      TRY(loose_number(fields, "idle_ip_reclaim_jitter_factor", -1e-9, 1.0));
  reclaim.batch_size = batch.value_or(reclaim.batch_size);
  reclaim.interval = interval.value_or(reclaim.interval);
  reclaim.jitter = jitter.value_or(reclaim.jitter);
  if (reclaim.after.count() == 0 && (batch || interval || jitter)) {
    conf.notices.emplace_back(
        "idle_ip_reclaim_*: nothing is reclaimed early without idle_ip_reclaim_after");
  }
  return {};
}

Status read_enis(Fields& fields, EniConf& conf) {
  conf.min_enis = TRY(loose_integer(fields, "min_eni", 0, kMostEnis)).value_or(0);
  conf.max_enis = TRY(loose_integer(fields, "max_eni", 0, kMostEnis)).value_or(0);
  if (conf.max_enis > 0 && conf.min_enis > conf.max_enis) {
    return Error(ErrorKind::kBadConfig, "min_eni: " + std::to_string(conf.min_enis) +
                                            " is more than max_eni (" +
                                            std::to_string(conf.max_enis) + ")");
  }
  conf.max_ips_per_eni =
      TRY(loose_integer(fields, "max_ips_per_eni", 0, kMostAddresses)).value_or(0);
  conf.eni_cap_ratio =
      TRY(loose_number(fields, "eni_cap_ratio", 0, 1)).value_or(conf.eni_cap_ratio);
  conf.eni_cap_shift =
      TRY(loose_integer(fields, "eni_cap_shift", -kMostEnis, kMostEnis)).value_or(0);
  conf.advertise_enis = !TRY(loose_boolean(fields, "disable_device_plugin")).value_or(false);
  return {};
}

Status read_idle_enis(Fields& fields, EniConf& conf) {
  IdleEnis& idle = conf.idle_enis;
  idle.min = TRY(loose_integer(fields, "min_idle_eni", 0, kMostEnis)).value_or(idle.min);
  idle.max = TRY(loose_integer(fields, "max_idle_eni", 0, kMostEnis)).value_or(idle.min);
  idle.reclaim_after =
      TRY(loose_duration(fields, "idle_eni_reclaim_after")).value_or(idle.reclaim_after);
  if (idle.min > idle.max) {
    return Error(ErrorKind::kBadConfig, "min_idle_eni: " + std::to_string(idle.min) +
                                            " is more than max_idle_eni (" +
                                            std::to_string(idle.max) + ")");
  }
  return {};
}

Status read_prefixes(Fields& fields, EniConf& conf) {
  conf.use_prefixes = TRY(loose_boolean(fields, "enable_ip_prefix")).value_or(false);
  conf.ipv4_prefixes =
      TRY(loose_integer(fields, "ipv4_prefix_count", 0, kMostPrefixes)).value_or(0);
  conf.ipv6_prefixes = TRY(loose_integer(fields, "ipv6_prefix_count", 0, 1)).value_or(0);
  if (!conf.use_prefixes && conf.ipv4_prefixes + conf.ipv6_prefixes > 0) {
    return Error(ErrorKind::kBadConfig,
                 std::string(conf.ipv4_prefixes > 0 ? "ipv4_prefix_count" : "ipv6_prefix_count") +
                     ": needs enable_ip_prefix");
  }
  if (conf.ipv6_prefixes > 0 && conf.ip_stack == IpStack::kIpv4) {
    return Error(ErrorKind::kBadConfig, "ipv6_prefix_count: needs ip_stack \"dual\"");
  }
  return {};
}

Status read_rate_limits(Fields& fields, EniConf& conf) {
  static constexpr std::array<std::string_view, 17> kApis{"AssignIpv6Addresses",
                                                          "AssignPrivateIpAddresses",
                                                          "AttachNetworkInterface",
                                                          "CreateNetworkInterface",
                                                          "CreateRouteEntry",
                                                          "DeleteNetworkInterface",
                                                          "DeleteRouteEntry",
                                                          "DescribeInstances",
                                                          "DescribeInstanceTypes",
                                                          "DescribeNetworkInterfaceAttribute",
                                                          "DescribeNetworkInterfaces",
                                                          "DescribeRouteEntryList",
                                                          "DescribeVpcs",
                                                          "DescribeVSwitches",
                                                          "DetachNetworkInterface",
                                                          "UnassignIpv6Addresses",
                                                          "UnassignPrivateIpAddresses"};
  constexpr int kMost = 100'000;
  std::optional<Fields> limits = TRY(fields.object("rate_limit"));
  if (!limits) {
    return {};
  }
  for (const std::string_view api : kApis) {
    if (const std::optional<int> limit = TRY(loose_integer(*limits, api, 1, kMost))) {
      conf.rate_limits.emplace(api, *limit);
    }
  }
  return limits->no_unknown_keys();
}

Status read_version(Fields& fields, EniConf& conf) {
  const nlohmann::json* value = fields.raw("version");
  if (value != nullptr && value->is_number()) {
    TRY(fields.integer("version", 1, 1));
    return {};
  }
  const std::string version = TRY(loose_text(fields, "version")).value_or("1");
  if (version != "1") {
    conf.notices.push_back("version \"" + version.substr(0, 20) + "\" is read as version 1");
  }
  return {};
}

}  // namespace

Result<EniConf> parse_eni_conf(std::string_view text) {
  const nlohmann::json json = TRY(parse_secret_json(text));
  Fields fields = TRY(Fields::of(json, ""));
  EniConf conf;
  TRY(read_version(fields, conf));
  conf.region = TRY(read_id(fields, "region_id", "cn-hangzhou"));
  TRY(read_credentials(fields, json, conf));
  TRY(read_service_cidrs(fields, conf));
  TRY(read_vswitches(fields, conf));
  TRY(read_security_groups(fields, conf));
  conf.resource_group = TRY(read_id(fields, "resource_group_id", "rg-acfmexample"));
  TRY(read_name_prefix(fields, conf));
  TRY(read_tags(fields, conf));
  TRY(refuse_what_is_not_done(fields));
  TRY(read_policies(fields, conf));
  TRY(read_pool(fields, conf));
  TRY(read_reclaim(fields, conf));
  TRY(read_enis(fields, conf));
  TRY(read_idle_enis(fields, conf));
  TRY(read_prefixes(fields, conf));
  TRY(read_rate_limits(fields, conf));
  TRY(fields.no_unknown_keys());
  return conf;
}

Result<EniConf> read_eni_conf(const std::string& path) {
  const std::string text = TRY(base::read_file(path, std::size_t{1} << 20U).context("eni.conf"));
  EniConf conf = TRY(parse_eni_conf(text).context(path));
  if (const std::string mode = open_mode(path); conf.credentials && !mode.empty()) {
    conf.notices.push_back(path + " holds access_secret, but others than its owner can reach it (" +
                           mode + "): chmod 600");
  }
  return conf;
}

Result<bool> advertises_enis(const std::string& path) {
  const Result<EniConf> conf = read_eni_conf(path);
  if (conf.ok()) {
    return conf->advertise_enis;
  }
  return conf.error().is(ErrorKind::kNotFound) ? Result<bool>(true) : conf.error();
}

}  // namespace catena::cloud
