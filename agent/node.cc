#include "agent/node.h"

#include <cstdlib>
#include <unistd.h>

#include "common/base/file.h"
#include "common/cloud/credential_chain.h"
#include "common/cloud/curl_transport.h"
#include "common/cloud/eni_conf.h"
#include "common/cloud/metadata.h"
#include "common/cloud/rate_budget.h"

namespace catena::agent {

using base::Error;
using base::ErrorKind;

struct Node::Parts {
  Parts(std::unique_ptr<cloud::Transport> made, const cloud::MetadataOptions& options)
      : transport(std::move(made)), metadata(*transport, cloud::real_pace(), options) {}

  std::unique_ptr<cloud::Transport> transport;
  cloud::Metadata metadata;
  cloud::EniConf conf;
  std::unique_ptr<cloud::CredentialChain> credentials;
  std::unique_ptr<cloud::RateBudget> rates;
  std::unique_ptr<cloud::Client> client;
  Settings settings;
  KnownTypes types;
  std::string state_dir;
};

namespace {

base::Result<cloud::EniConf> read_conf(const NodeOptions& options) {
  if (!options.eni_conf.empty()) {
    base::Result<cloud::EniConf> conf = cloud::read_eni_conf(options.eni_conf);
    return conf.ok() ? std::move(conf) : std::move(conf).error().as(ErrorKind::kBadConfig);
  }
  if (::access(kEniConf, F_OK) == 0) {
    return cloud::read_eni_conf(kEniConf);
  }
  return cloud::EniConf();
}

base::Result<std::vector<std::string>> candidates(const cloud::EniConf& conf,
                                                  cloud::Metadata& metadata) {
  if (conf.vswitches.empty()) {
    std::vector<std::string> own;
    own.push_back(TRY(metadata.vswitch_id()));
    return own;
  }
  const std::string zone = TRY(metadata.zone());
  const auto of_zone = conf.vswitches.find(zone);
  if (of_zone == conf.vswitches.end() || of_zone->second.empty()) {
    return Error(ErrorKind::kBadConfig, "eni.conf: vswitches has none of this node's zone " + zone)
        .advice("an ENI must be of the zone of its instance: add a vSwitch of " + zone);
  }
  return of_zone->second;
}

base::Result<Settings> settings_of(const NodeOptions& options, const cloud::EniConf& conf,
                                   cloud::Metadata& metadata,
                                   const cloud::Environment& environment) {
  Settings settings;
  const std::string from_environment = environment("CATENA_CLUSTER");
  if (!options.cluster.empty() || !from_environment.empty()) {
    settings.cluster = options.cluster.empty() ? from_environment : options.cluster;
  }
  settings.instance_id = TRY(metadata.instance_id());
  settings.instance_type = TRY(metadata.instance_type());
  settings.vpc_id = TRY(metadata.vpc_id());
  settings.vswitches = TRY(candidates(conf, metadata));
  settings.vswitch_policy = conf.vswitch_policy;
  settings.security_groups = conf.security_groups;
  for (const auto& [key, value] : conf.eni_tags) {
    settings.eni_tags.push_back({key, value});
  }
  settings.eni_name_prefix = conf.eni_name_prefix;
  settings.resource_group = conf.resource_group;
  settings.pool = pool_settings_of(conf);
  return settings;
}

}  // namespace

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;
Node::~Node() = default;

ipam::Store Node::open_store() const { return {parts_->state_dir, {}}; }
cloud::Client& Node::client() { return *parts_->client; }
cloud::Metadata& Node::metadata() { return parts_->metadata; }
const Settings& Node::settings() const { return parts_->settings; }
KnownTypes& Node::types() { return parts_->types; }
Millis Node::sync_period() const { return parts_->conf.pool_sync_period; }

std::vector<std::string> Node::notices() const {
  std::vector<std::string> notices = parts_->conf.notices;
  for (std::string& notice : parts_->credentials->notices()) {
    notices.push_back(std::move(notice));
  }
  return notices;
}

base::Result<Node> Node::open(const NodeOptions& options) {
  cloud::EniConf conf = TRY(read_conf(options));
  const cloud::Environment environment = cloud::process_environment();
  const cloud::MetadataOptions metadata_options = TRY(cloud::metadata_options(environment));
  TRY(base::make_directories(options.state_dir));
  auto parts = std::make_unique<Parts>(
      cloud::make_curl_transport(cloud::curl_options_from_environment()), metadata_options);
  parts->state_dir = options.state_dir;
  const std::string region =
      conf.region.empty() ? TRY(parts->metadata.region().context("find the region")) : conf.region;
  parts->settings = TRY(
      settings_of(options, conf, parts->metadata, environment).context("find out about this node"));
  cloud::ClientOptions client_options;
  client_options.endpoints = TRY(cloud::endpoints_from_environment(region));
  cloud::CredentialOptions credential_options = cloud::credential_options_of(conf);
  credential_options.sts_url = client_options.endpoints.url_of(cloud::Product::kSts);
  parts->credentials = cloud::make_credential_source(
      credential_options, environment, *parts->transport, cloud::real_pace(), parts->metadata);
  const cloud::RateLimits limits(conf.rate_limits.begin(), conf.rate_limits.end());
  parts->rates = std::make_unique<cloud::RateBudget>(options.state_dir, cloud::real_pace(), limits);
  parts->client =
      std::make_unique<cloud::Client>(*parts->transport, cloud::real_pace(), *parts->credentials,
                                      parts->rates.get(), client_options);
  parts->conf = std::move(conf);
  return Node(std::move(parts));
}

}  // namespace catena::agent
